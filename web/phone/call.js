import { json, lines, Problem, post } from './server.js';
import { describe, meter, openMicrophone, silence } from './sound.js';

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

/**
 * One call of this page, from the first ring to the end. `place`: makes an offer, gives it to the simulated WhatsApp, which
 * sends talkwire the call webhook, and applies the answer that comes back through pre_accept. `ring`: answers the offer of
 * talkwire at once, so that the media are up when the person accepts; until then the microphone is closed and nothing is
 * played. The call is one request; to end that is to hang up, or to decline. Everything it opened is closed when it ends.
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
  /** The id under which the business's call rings here; null of a call of the page. */
  #ring = null;
  #remote = null;
  #accepting = false;
  #talking = false;
  #over = false;

  /** @param {Screen} screen */
  constructor(screen) {
    this.#screen = screen;
    this.#peer.addEventListener('track', ({ track }) => {
      this.#remote = new MediaStream([track]);
      if (this.#ring === null) this.#hear();
    });
    this.#peer.addEventListener('connectionstatechange', () => {
      if (this.#peer.connectionState === 'connected') this.#screen.onStep('ICE and DTLS up');
      if (this.#peer.connectionState === 'failed') this.#end('The media connection failed.', true);
    });
  }

  /** The person calls. Resolves when the call is over. Never rejects: what goes wrong ends the call with a sentence. */
  place() {
    return this.#run('/phone/calls', async () => {
      await this.#openMicrophone('Call');
      for (const track of this.#microphone.getTracks()) this.#peer.addTrack(track, this.#microphone);
      return await describe(this.#peer);
    });
  }

  /**
   * The business calls. Resolves when the call is over, and never rejects.
   *
   * @param {string} id
   * @param {string} offer
   */
  ring(id, offer) {
    this.#ring = id;
    return this.#run(`/phone/rings/${id}`, async () => {
      this.#screen.onStep('SDP offer of the business');
      await this.#peer.setRemoteDescription({ type: 'offer', sdp: offer });
      // There is no microphone yet; it takes its place when the person accepts.
      for (const transceiver of this.#peer.getTransceivers()) transceiver.direction = 'sendrecv';
      return await describe(this.#peer);
    });
  }

  /** Takes a call that rings. Without a microphone it goes on ringing, and the person is told. */
  async accept() {
    if (this.#accepting) return;
    this.#accepting = true;
    try {
      await this.#openMicrophone('Accept');
      const [track] = this.#microphone.getAudioTracks();
      await this.#peer.getSenders()[0].replaceTrack(track);
      // Before the business is told, because its first word comes at once.
      this.#hear();
      await post(`/phone/rings/${this.#ring}/accept`);
    } catch (error) {
      this.#accepting = false;
      if (!this.#over) this.#screen.onCalling(sentenceOf(error));
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
    this.#end(this.#ring === null || this.#talking ? 'You hung up.' : 'You declined the call.', false);
  }

  async #run(path, describeOurs) {
    try {
      const sdp = await describeOurs();
      for await (const event of lines(path, { ...json({ sdp }), signal: this.#line.signal })) await this.#on(event);
      throw new Problem('The line to the simulated WhatsApp broke.');
    } catch (error) {
      this.#end(sentenceOf(error), true);
    }
  }

  async #openMicrophone(button) {
    this.#microphone ??= await openMicrophone(button);
    if (this.#over) {
      this.#close();
      throw new Problem('Hung up while the browser asked for the microphone.');
    }
    // A page that was never touched may make no sound until now.
    void this.#sound.resume();
    this.#meters.outgoing = meter(this.#sound, this.#microphone);
    this.#screen.onStep('Microphone open');
  }

  async #on(event) {
    const { onStep, onCalling, onTalking } = this.#screen;
    switch (event.type) {
      case 'ringing':
        if (this.#ring !== null) {
          onStep('SDP answer sent; the phone rings');
          break;
        }
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
        onStep(this.#ring === null ? 'accept: the call is answered' : 'Accepted: the business was told');
        this.#talk();
        onTalking();
        break;
      case 'ended':
        // That nobody took a call of the business is no failure of the phone.
        this.#end(event.why, !this.#talking && this.#ring === null);
        break;
    }
  }

  #talk() {
    this.#talking = true;
    this.#stopTimers();
    const report = () => this.#screen.onLevels(this.#meters.outgoing(), this.#meters.incoming());
    this.#timers.push(setInterval(report, LEVEL_INTERVAL_MS));
  }

  #hear() {
    this.#voice.srcObject = this.#remote;
    this.#voice.play().catch(() => {});
    this.#meters.incoming = meter(this.#sound, this.#remote);
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

function sentenceOf(error) {
  return error instanceof Problem ? error.message : `The call failed: ${error}`;
}
