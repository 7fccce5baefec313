import { type ILoginTraits, type IViewMessage } from '../tokens';
import type { IViewModel, ModelListener } from '../view/model';

const NOTHING: ILoginTraits = {
  mode: 'panel',
  status: 'logged_out',
  provider: { name: '', title: '', issuer_host: '' },
  client_title: '',
  identity: null,
  scopes: [],
  consent: [],
  headline: '',
  action: '',
  held_count: 0,
  others: [],
  compact: false,
  device: null,
  login_id: '',
  base_url: '',
  rung: 'server',
  started_at_seconds: 0,
  expires_at_seconds: 0,
  message: ''
};

/** A model for the view without a kernel: the same traits, backed by the API. */
export class LabModel implements IViewModel {
  private readonly _listeners = new Map<string, Set<ModelListener>>();
  private _traits: ILoginTraits;

  /**
   * @param traits what is shown first
   * @param _onMessage called with what the view asks for
   */
  constructor(
    traits: Partial<ILoginTraits>,
    private readonly _onMessage: (message: IViewMessage) => void = () => undefined
  ) {
    this._traits = { ...NOTHING, ...traits };
  }

  /** All traits as they are. */
  get traits(): ILoginTraits {
    return this._traits;
  }

  /**
   * Read a trait.
   *
   * @param key its name
   * @returns its value
   */
  get(key: string): unknown {
    return (this._traits as unknown as Record<string, unknown>)[key];
  }

  /**
   * Set traits, and tell who listens to those that changed.
   *
   * @param traits the new values
   */
  set(traits: Partial<ILoginTraits>): void {
    const before = this._traits;
    this._traits = { ...before, ...traits };
    for (const key of Object.keys(traits) as (keyof ILoginTraits)[]) {
      if (JSON.stringify(before[key]) !== JSON.stringify(this._traits[key])) {
        this._listeners.get(`change:${key}`)?.forEach(listener => listener());
      }
    }
  }

  /**
   * Listen.
   *
   * @param event `change:<trait>`
   * @param listener called with each
   */
  on(event: string, listener: ModelListener): void {
    const listeners = this._listeners.get(event) ?? new Set();
    this._listeners.set(event, listeners.add(listener));
  }

  /**
   * Listen no more.
   *
   * @param event `change:<trait>`
   * @param listener which
   */
  off(event: string, listener: ModelListener): void {
    this._listeners.get(event)?.delete(listener);
  }

  /**
   * Take a message of the view.
   *
   * @param message what it asks for
   */
  send(message: IViewMessage): void {
    this._onMessage(message);
  }
}
