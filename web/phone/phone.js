/** The browser phone of the demo: buttons, keypad and words around a Call. */
import { Call } from './call.js';
import { Profile } from './profile.js';

const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'];
const KEY_NAMES = { '*': 'star', '#': 'hash' };
const SHOWN_KEYS = 14;
const QUIETEST_DB = -60;
const TITLE = document.title;

const byId = (id) => document.getElementById(id);
const page = {
  phone: byId('phone'),
  status: byId('status'),
  timer: byId('timer'),
  problem: byId('problem'),
  levels: byId('levels'),
  levelOut: byId('level-out'),
  levelIn: byId('level-in'),
  keypad: byId('keypad'),
  keys: byId('keys'),
  pressed: byId('pressed'),
  hint: byId('hint'),
  request: byId('request'),
  call: byId('call'),
  hangup: byId('hangup'),
  decline: byId('decline'),
  accept: byId('accept'),
  mute: byId('mute'),
  toggleKeypad: byId('toggle-keypad'),
  journal: byId('journal'),
  steps: byId('steps'),
};

/** @type {Call | null} */
let current = null;
let clock = null;

function startCall() {
  show('calling', 'Calling…');
  void begin().place();
}

/** The business calls. Who is on the phone already does not hear of it. */
function onIncoming(id, offer) {
  if (current !== null) return;
  show('ringing', 'Incoming call…');
  void begin().ring(id, offer);
}

function begin() {
  const began = performance.now();
  page.steps.replaceChildren();
  page.journal.hidden = false;
  say(null);
  current = new Call({
    onStep: (text) => addStep(text, performance.now() - began),
    onCalling: (problem) => say(problem),
    onTalking() {
      say(null);
      show('talking', 'On the line');
      startClock();
    },
    onLevels(outgoing, incoming) {
      setLevel(page.levelOut, outgoing);
      setLevel(page.levelIn, incoming);
    },
    onEnded(why, failed) {
      current = null;
      clearInterval(clock);
      show('idle', failed ? 'Not connected' : why);
      say(failed ? why : null);
    },
  });
  return current;
}

/** @param {'idle' | 'ringing' | 'calling' | 'talking'} state */
function show(state, status) {
  const focused = document.activeElement;
  page.phone.dataset.state = state;
  page.status.textContent = status;
  document.title = state === 'ringing' ? 'Incoming call' : TITLE;
  page.call.hidden = state !== 'idle';
  page.hangup.hidden = state !== 'calling' && state !== 'talking';
  for (const each of [page.decline, page.accept]) each.hidden = state !== 'ringing';
  for (const each of [page.levels, page.mute, page.toggleKeypad]) each.hidden = state !== 'talking';
  if (state === 'calling' || state === 'ringing') {
    page.timer.hidden = true;
    page.pressed.textContent = '';
    setMuted(false);
  }
  if (state !== 'talking') showKeypad(false);
  showIdle();
  // Whoever works by keyboard goes on where the button was.
  if (focused instanceof HTMLButtonElement && focused.offsetParent === null) {
    ({ idle: page.call, ringing: page.accept, calling: page.hangup, talking: page.hangup })[state].focus();
  }
}

/** A permission request waits until the person has a hand free. */
function showIdle() {
  const idle = page.phone.dataset.state === 'idle';
  page.request.hidden = !idle || !profile.asked;
  page.hint.hidden = !idle || profile.asked || !page.problem.hidden;
}

/** A problem in a sentence, or null. */
function say(problem) {
  page.problem.textContent = problem ?? '';
  page.problem.hidden = problem === null;
  showIdle();
}

function startClock() {
  const since = performance.now();
  const tick = () => {
    const seconds = Math.floor((performance.now() - since) / 1000);
    page.timer.textContent = `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
  };
  tick();
  page.timer.hidden = false;
  clock = setInterval(tick, 250);
}

function setLevel(bar, db) {
  const share = Math.min(1, Math.max(0, 1 - db / QUIETEST_DB));
  bar.style.setProperty('--level', `${Math.round(share * 100)}%`);
}

function setMuted(muted) {
  page.mute.setAttribute('aria-pressed', String(muted));
  current?.mute(muted);
}

function showKeypad(open) {
  page.keypad.hidden = !open;
  page.toggleKeypad.setAttribute('aria-expanded', String(open));
}

function press(key) {
  current?.press(key);
  page.pressed.textContent = (page.pressed.textContent + key).slice(-SHOWN_KEYS);
}

function addStep(text, ms) {
  const item = document.createElement('li');
  for (const part of [text, `${Math.round(ms)} ms`]) {
    const cell = document.createElement('span');
    cell.textContent = part;
    item.append(cell);
  }
  page.steps.append(item);
}

const profile = new Profile({ onIncoming, onAsked: showIdle, onProblem: say });
const two = (number) => String(number).padStart(2, '0');

for (const key of KEYS) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = key;
  if (key in KEY_NAMES) button.setAttribute('aria-label', KEY_NAMES[key]);
  button.addEventListener('click', () => press(key));
  page.keys.append(button);
}
page.call.addEventListener('click', startCall);
page.hangup.addEventListener('click', ({ detail }) => {
  // The second half of a double click on Call, which was in this place.
  if (detail < 2) current?.hangUp();
});
page.decline.addEventListener('click', () => current?.hangUp());
page.accept.addEventListener('click', () => void current?.accept());
page.mute.addEventListener('click', () => setMuted(page.mute.getAttribute('aria-pressed') !== 'true'));
page.toggleKeypad.addEventListener('click', () => showKeypad(page.keypad.hidden));
document.addEventListener('keydown', ({ key, ctrlKey, metaKey, altKey }) => {
  if (page.phone.dataset.state !== 'talking' || ctrlKey || metaKey || altKey) return;
  if (KEYS.includes(key)) press(key);
});
window.addEventListener('pagehide', () => current?.hangUp());
void profile.listen();
