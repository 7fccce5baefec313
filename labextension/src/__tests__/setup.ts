import { afterEach } from 'vitest';
import { FakeWindow } from './fakes';

// jsdom has no drag and drop, which Lumino's widgets name when they are loaded.
Object.assign(globalThis, { DragEvent: class extends MouseEvent {} });

afterEach(() => FakeWindow.closeAll());
