/**
 * The browser phone of the demo: plays the WhatsApp user. It makes an offer, gives it to the simulated WhatsApp, which
 * sends talkwire the call webhook, and applies the answer that comes back through pre_accept.
 */
const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'];
const SILENCE_DB = -60;

const byId = (id) => document.getElementById(id);
const page = {
  status: byId('status'),
  timer: byId('timer'),
  call: byId('call'),
  hangup: byId('hangup'),
  keys: byId('keys'),
  steps: byId('steps'),
  voice: Object.assign(new Audio(), { autoplay: true }),
  levelOut: byId('level-out'),
  levelIn: byId('level-in'),
};

/** @type {Call | null} */
let current = null;

/** One call of this page, from the press of the button to the end. Everything it opened is closed by `end`. */
class Call {
  #peer = new RTCPeerConnection();
  #microphone = null;
  #events = null;
  #id = null;
  #timers = [];
  #audio = new AudioContext();
  #began = performance.now();
  #over = false;

  async start() {
    this.#microphone = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true }, video: false });
    this.#step('microphone open');
    for (const track of this.#microphone.getTracks()) this.#peer.addTrack(track, this.#microphone);
    this.#meter(this.#microphone, page.levelOut);
    this.#peer.ontrack = ({ track }) => {
      const stream = new MediaStream([track]);
      page.voice.srcObject = stream;
      this.#meter(stream, page.levelIn);
    };
    this.#peer.onconnectionstatechange = () => this.#onPeer(this.#peer.connectionState);

    await this.#peer.setLocalDescription();
    await gathered(this.#peer);
    const { id } = await post('/phone/calls', { sdp: this.#peer.localDescription.sdp });
    this.#id = id;
    this.#step('webhook sent');
    this.#listen();
  }

  press(key) {
    const sender = this.#peer.getSenders().find((each) => each.dtmf !== null);
    sender?.dtmf.insertDTMF(key, 120);
    this.#step(`key ${key}`);
  }

  async hangUp() {
    if (this.#id !== null) await post(`/phone/calls/${this.#id}/hangup`, {});
    this.end('You hung up');
  }

  end(why) {
    if (this.#over) return;
    this.#over = true;
    this.#events?.close();
    for (const timer of this.#timers) clearInterval(timer);
    for (const track of this.#microphone?.getTracks() ?? []) track.stop();
    this.#peer.close();
    void this.#audio.close();
    this.#step(why);
    current = null;
    show('idle', why);
  }

  #listen() {
    this.#events = new EventSource(`/phone/calls/${this.#id}/events`);
    const on = (name, run) => this.#events.addEventListener(name, (event) => run(JSON.parse(event.data)));
    on('answer', async ({ sdp }) => {
      this.#step('pre_accept: answer received');
      await this.#peer.setRemoteDescription({ type: 'answer', sdp });
    });
    on('accepted', () => {
      this.#step('accepted');
      show('talking', 'On the line');
      this.#clock();
    });
    on('ended', ({ why }) => this.end(why));
  }

  #onPeer(state) {
    if (state === 'connected') this.#step('ICE and DTLS up');
    if (state === 'failed') this.end('The media connection failed');
  }

  #clock() {
    const since = performance.now();
    page.timer.hidden = false;
    this.#timers.push(
      setInterval(() => {
        const seconds = Math.floor((performance.now() - since) / 1000);
        page.timer.textContent = `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
      }, 250),
    );
  }

  #meter(stream, element) {
    const analyser = this.#audio.createAnalyser();
    this.#audio.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.#timers.push(
      setInterval(() => {
        analyser.getFloatTimeDomainData(samples);
        const power = samples.reduce((sum, each) => sum + each * each, 0) / samples.length;
        element.value = power === 0 ? SILENCE_DB : Math.max(SILENCE_DB, 10 * Math.log10(power));
      }, 100),
    );
  }

  #step(text) {
    const item = document.createElement('li');
    const what = document.createElement('span');
    what.textContent = text;
    const when = document.createElement('span');
    when.textContent = `${Math.round(performance.now() - this.#began)} ms`;
    item.append(what, when);
    page.steps.append(item);
  }
}

function show(state, text) {
  page.status.textContent = text;
  page.call.hidden = state !== 'idle';
  page.hangup.hidden = state === 'idle';
  page.keys.hidden = state !== 'talking';
  if (state === 'idle') {
    page.timer.hidden = true;
    page.levelIn.value = SILENCE_DB;
    page.levelOut.value = SILENCE_DB;
  }
}

/** Graph calls know no trickle: the offer must hold every candidate. */
function gathered(peer) {
  return new Promise((resolve) => {
    const check = () => peer.iceGatheringState === 'complete' && resolve();
    peer.addEventListener('icegatheringstatechange', check);
    check();
  });
}

async function post(path, body) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error((await response.text()) || `the simulated WhatsApp answered ${response.status}`);
  return await response.json();
}

const two = (number) => String(number).padStart(2, '0');

for (const key of KEYS) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = key;
  button.addEventListener('click', () => current?.press(key));
  page.keys.append(button);
}
page.call.addEventListener('click', async () => {
  page.steps.replaceChildren();
  show('calling', 'Calling…');
  const call = new Call();
  current = call;
  try {
    await call.start();
  } catch (error) {
    call.end(error instanceof Error ? error.message : String(error));
  }
});
page.hangup.addEventListener('click', () => current?.hangUp());
window.addEventListener('pagehide', () => void current?.hangUp());
