/** Who the person is, who may call them, and who asks to. */
import { lines, Problem, post } from './server.js';

const RECONNECT_MS = 1_000;
const byId = (id) => document.getElementById(id);

/**
 * @typedef {object} Door
 * @property {(id: string, offer: string) => void} onIncoming the business calls
 * @property {() => void} onAsked whether a permission request waits has changed
 * @property {(problem: string | null) => void} onProblem
 */

/** Listens for what comes to this phone as long as the page is open, and shows the profile. */
export class Profile {
  /** @type {Door} */
  #door;
  #waiting = [];
  #parts = {
    card: byId('profile'),
    user: byId('user'),
    business: byId('business'),
    permission: byId('permission'),
    permit: byId('permit'),
    always: byId('permit-always'),
    forbid: byId('forbid'),
    write: byId('write'),
    told: byId('told'),
  };

  /** @param {Door} door */
  constructor(door) {
    this.#door = door;
    const { permit, always, forbid, write } = this.#parts;
    permit.addEventListener('click', () => this.#change('temporary'));
    always.addEventListener('click', () => this.#change('permanent'));
    forbid.addEventListener('click', () => this.#change('no_permission'));
    write.addEventListener('click', () => this.#write());
    for (const [button, answer] of [
      ['allow', 'accept'],
      ['allow-always', 'accept_always'],
      ['refuse', 'reject'],
    ]) {
      byId(button).addEventListener('click', () => this.#answer(answer));
    }
  }

  /** Whether the business waits for an answer. */
  get asked() {
    return this.#waiting.length > 0;
  }

  /** Resolves when another page has become the phone. */
  async listen() {
    for (;;) {
      try {
        for await (const event of lines('/phone/profile', {})) {
          if (event.type === 'replaced') return this.#replaced();
          this.#on(event);
        }
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
      }
      this.#parts.card.hidden = true;
      await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
      this.#waiting = [];
    }
  }

  #on(event) {
    switch (event.type) {
      case 'profile':
        this.#show(event);
        break;
      case 'asked':
        this.#waiting.push(event.id);
        this.#door.onAsked();
        break;
      case 'answered':
        this.#waiting = this.#waiting.filter((id) => id !== event.id);
        this.#door.onAsked();
        break;
      case 'incoming':
        this.#door.onIncoming(event.id, event.sdp);
        break;
    }
  }

  #show({ user, business, permission, expiresAt }) {
    const { card, permit, always, forbid } = this.#parts;
    card.hidden = false;
    this.#parts.user.textContent = shown(user);
    this.#parts.business.textContent = shown(business);
    this.#parts.permission.textContent = worded(permission, expiresAt);
    permit.hidden = permission !== 'no_permission';
    always.hidden = permission === 'permanent';
    forbid.hidden = permission === 'no_permission';
  }

  #replaced() {
    this.#parts.card.hidden = true;
    this.#door.onProblem(
      'This phone was opened in another window, and calls ring there. Reload to have it here again.',
    );
  }

  #change(status) {
    void this.#send('/phone/permission', { status });
  }

  #answer(answer) {
    const [id] = this.#waiting;
    if (id !== undefined) void this.#send(`/phone/requests/${id}`, { answer });
  }

  async #write() {
    if (!(await this.#send('/phone/messages'))) return;
    this.#parts.told.textContent = '“Hello” is sent. For 24 hours the business may write without a template.';
  }

  /** @returns {Promise<boolean>} whether it was taken */
  async #send(path, body) {
    this.#parts.told.textContent = '';
    try {
      await (body === undefined ? post(path) : post(path, body));
      this.#door.onProblem(null);
      return true;
    } catch (error) {
      this.#door.onProblem(error.message);
      return false;
    }
  }
}

function worded(permission, expiresAt) {
  if (permission === 'no_permission') return 'Not allowed';
  if (permission === 'permanent') return 'Always allowed';
  const until = new Date(expiresAt).toLocaleString([], {
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
  });
  return `Allowed until ${until}`;
}

/** A number as people write it, as far as its form is known. */
function shown(digits) {
  return `+${digits.replace(/^1(\d{3})(\d{3})(\d{4})$/, '1 $1 $2 $3')}`;
}
