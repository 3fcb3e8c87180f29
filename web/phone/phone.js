/** The browser phone of the demo: buttons, keypad and words around a Call. */
import { Call } from './call.js';

const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'];
const KEY_NAMES = { '*': 'star', '#': 'hash' };
const SHOWN_KEYS = 14;
const QUIETEST_DB = -60;

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
  call: byId('call'),
  hangup: byId('hangup'),
  mute: byId('mute'),
  toggleKeypad: byId('toggle-keypad'),
  journal: byId('journal'),
  steps: byId('steps'),
};

/** @type {Call | null} */
let current = null;
let clock = null;

function startCall() {
  const began = performance.now();
  page.steps.replaceChildren();
  page.journal.hidden = false;
  show('calling', 'Calling…');
  say(null);
  const call = new Call({
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
  current = call;
  void call.run();
}

/** @param {'idle' | 'calling' | 'talking'} state */
function show(state, status) {
  const focused = document.activeElement;
  page.phone.dataset.state = state;
  page.status.textContent = status;
  page.call.hidden = state !== 'idle';
  page.hangup.hidden = state === 'idle';
  page.hint.hidden = state !== 'idle';
  for (const each of [page.levels, page.mute, page.toggleKeypad]) each.hidden = state !== 'talking';
  if (state === 'calling') {
    page.timer.hidden = true;
    page.pressed.textContent = '';
    setMuted(false);
  }
  if (state !== 'talking') showKeypad(false);
  // Whoever works by keyboard goes on where the button was.
  if (focused instanceof HTMLButtonElement && focused.offsetParent === null) {
    (state === 'idle' ? page.call : page.hangup).focus();
  }
}

/** A problem in a sentence, or null. */
function say(problem) {
  page.problem.textContent = problem ?? '';
  page.problem.hidden = problem === null;
  if (problem !== null) page.hint.hidden = true;
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
page.mute.addEventListener('click', () => setMuted(page.mute.getAttribute('aria-pressed') !== 'true'));
page.toggleKeypad.addEventListener('click', () => showKeypad(page.keypad.hidden));
document.addEventListener('keydown', ({ key, ctrlKey, metaKey, altKey }) => {
  if (page.phone.dataset.state !== 'talking' || ctrlKey || metaKey || altKey) return;
  if (KEYS.includes(key)) press(key);
});
window.addEventListener('pagehide', () => current?.hangUp());
