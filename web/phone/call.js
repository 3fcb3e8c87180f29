/**
 * @typedef {object} Screen What a call shows to the person.
 * @property {(text: string) => void} onStep something happened
 * @property {(problem: string | null) => void} onCalling it rings; a problem that may pass, or null
 * @property {() => void} onTalking the call is answered
 * @property {(outgoing: number, incoming: number) => void} onLevels loudness of both sides, dBFS, ten times a second
 * @property {(why: string, failed: boolean) => void} onEnded once, at the end; `why` is a sentence
 */

const LEVEL_INTERVAL_MS = 100;
const KEY_MS = 120;
/** The webhook is answered within a few milliseconds when the bridge runs. */
const BRIDGE_PATIENCE_MS = 2_500;
/** No server is asked; host candidates take a few milliseconds. */
const GATHER_PATIENCE_MS = 3_000;

/** By the name of the error that getUserMedia gives. */
const MICROPHONE_PROBLEMS = {
  NotAllowedError: 'This page may not use the microphone. Allow it in the browser, then press Call again.',
  NotFoundError: 'No microphone was found. Connect one, then press Call again.',
  NotReadableError: 'The microphone cannot be opened; another program may hold it.',
};

const silence = () => Number.NEGATIVE_INFINITY;

/** A problem that the person can read. */
class Problem extends Error {}

/**
 * One call of this page, from the press of the button to the end: makes an offer, gives it to the simulated WhatsApp, which
 * sends talkwire the call webhook, and applies the answer that comes back through pre_accept. The call is one request; to end
 * that is to hang up. Everything it opened is closed when it ends.
 */
export class Call {
  /** @type {Screen} */
  #screen;
  #peer = new RTCPeerConnection();
  #sound = new AudioContext();
  #voice = new Audio();
  #line = new AbortController();
  #meters = { outgoing: silence, incoming: silence };
  #microphone = null;
  #timers = [];
  #talking = false;
  #over = false;

  /** @param {Screen} screen */
  constructor(screen) {
    this.#screen = screen;
  }

  /** Resolves when the call is over. Never rejects: what goes wrong ends the call with a sentence. */
  async run() {
    try {
      await this.#openMicrophone();
      const offer = await this.#offer();
      for await (const event of this.#place(offer)) await this.#on(event);
      throw new Problem('The line to the simulated WhatsApp broke.');
    } catch (error) {
      this.#end(error instanceof Problem ? error.message : `The call failed: ${error}`, true);
    }
  }

  /** @param {string} key 0-9, * or # */
  press(key) {
    const dtmf = this.#peer.getSenders().find((each) => each.dtmf?.canInsertDTMF)?.dtmf;
    if (dtmf === undefined) return;
    // A new insertion replaces what was not played yet.
    dtmf.insertDTMF(dtmf.toneBuffer + key, KEY_MS);
    this.#screen.onStep(`Key ${key} pressed`);
  }

  /** @param {boolean} muted */
  mute(muted) {
    for (const track of this.#microphone?.getTracks() ?? []) track.enabled = !muted;
  }

  hangUp() {
    this.#end('You hung up.', false);
  }

  async #openMicrophone() {
    if (navigator.mediaDevices === undefined) {
      throw new Problem('Browsers open the microphone only for pages of this machine or over https.');
    }
    try {
      this.#microphone = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true } });
    } catch (error) {
      throw new Problem(MICROPHONE_PROBLEMS[error.name] ?? `The microphone cannot be opened: ${error.message}`);
    }
    if (this.#over) {
      this.#close();
      throw new Problem('Hung up while the browser asked for the microphone.');
    }
    this.#meters.outgoing = meter(this.#sound, this.#microphone);
    this.#screen.onStep('Microphone open');
  }

  async #offer() {
    const peer = this.#peer;
    for (const track of this.#microphone.getTracks()) peer.addTrack(track, this.#microphone);
    peer.addEventListener('track', ({ track }) => this.#hear(new MediaStream([track])));
    peer.addEventListener('connectionstatechange', () => {
      if (peer.connectionState === 'connected') this.#screen.onStep('ICE and DTLS up');
      if (peer.connectionState === 'failed') this.#end('The media connection failed.', true);
    });
    await peer.setLocalDescription();
    await gathered(peer);
    const { sdp } = peer.localDescription;
    if (!sdp.includes('a=candidate:')) throw new Problem('The browser found no network to carry the sound.');
    return sdp;
  }

  /** Yields what happens to the call, until the other side ends the request. */
  async *#place(sdp) {
    const response = await fetch('/phone/calls', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sdp }),
      signal: this.#line.signal,
    }).catch(() => {
      throw new Problem('The simulated WhatsApp does not answer. Is the demo still running?');
    });
    if (!response.ok) throw new Problem(`The simulated WhatsApp refused the call (HTTP ${response.status}).`);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = ''; ; ) {
      const { done, value } = await reader.read().catch(() => ({ done: true }));
      if (done) return;
      const lines = (text + value).split('\n');
      text = lines.pop();
      for (const line of lines) yield JSON.parse(line);
    }
  }

  async #on(event) {
    const { onStep, onCalling, onTalking } = this.#screen;
    switch (event.type) {
      case 'ringing':
        onStep('Connect webhook on its way');
        this.#timers.push(
          setTimeout(() => onCalling('The bridge does not answer. Is it running?'), BRIDGE_PATIENCE_MS),
        );
        break;
      case 'webhook_answered':
        this.#stopTimers();
        onCalling(null);
        onStep('Webhook answered by the bridge');
        break;
      case 'answer':
        onStep('pre_accept with the SDP answer');
        await this.#peer.setRemoteDescription({ type: 'answer', sdp: event.sdp });
        break;
      case 'accepted':
        onStep('accept: the call is answered');
        this.#talk();
        onTalking();
        break;
      case 'ended':
        this.#end(event.why, !this.#talking);
        break;
    }
  }

  #talk() {
    this.#talking = true;
    this.#stopTimers();
    const report = () => this.#screen.onLevels(this.#meters.outgoing(), this.#meters.incoming());
    this.#timers.push(setInterval(report, LEVEL_INTERVAL_MS));
  }

  #hear(stream) {
    this.#voice.srcObject = stream;
    this.#voice.play().catch(() => {});
    this.#meters.incoming = meter(this.#sound, stream);
  }

  #end(why, failed) {
    if (this.#over) return;
    this.#over = true;
    this.#close();
    this.#screen.onStep(why);
    this.#screen.onEnded(why, failed);
  }

  #close() {
    this.#line.abort();
    this.#stopTimers();
    for (const track of this.#microphone?.getTracks() ?? []) track.stop();
    this.#peer.close();
    this.#voice.srcObject = null;
    if (this.#sound.state !== 'closed') void this.#sound.close();
  }

  #stopTimers() {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
  }
}

/** Gives a function that measures the loudness of this moment, dBFS. */
function meter(sound, stream) {
  const analyser = sound.createAnalyser();
  sound.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  return () => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, each) => sum + each * each, 0) / samples.length;
    return 10 * Math.log10(power);
  };
}

/** Calls over Graph know no trickle: the offer must hold every candidate. */
function gathered(peer) {
  return new Promise((resolve) => {
    const check = () => peer.iceGatheringState === 'complete' && resolve();
    peer.addEventListener('icegatheringstatechange', check);
    setTimeout(resolve, GATHER_PATIENCE_MS);
    check();
  });
}
