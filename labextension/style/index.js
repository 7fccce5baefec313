import './view.css';
import './panel.css';
