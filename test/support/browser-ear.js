/**
 * Runs in a page before its own scripts. Keeps, on one clock, what the microphone of its call gave and what the other side
 * was heard to say, and sums up the statistics of the connection. Switches the browser's sound processing off, which would
 * change the waveform that is to be compared.
 */
const TAP = `registerProcessor('tap', class extends AudioWorkletProcessor {
  process([both]) {
    if (both.length === 2) this.port.postMessage(both.map((channel) => channel.slice()));
    return true;
  }
})`;

const RealPeer = globalThis.RTCPeerConnection;
const realMicrophone = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
const ear = { peer: null, microphone: null, remote: null, rate: 0, blocks: [] };

navigator.mediaDevices.getUserMedia = async () => {
  const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  ear.microphone = await realMicrophone({ audio: plain });
  // Of a call that rang here: nothing may be missed of what comes once the page has its microphone.
  if (ear.remote !== null) await listen();
  return ear.microphone;
};

globalThis.RTCPeerConnection = class extends RealPeer {
  constructor(...options) {
    super(...options);
    Object.assign(ear, { peer: this, microphone: null, remote: null, blocks: [] });
    this.addEventListener('track', ({ track }) => {
      ear.remote = new MediaStream([track]);
      if (ear.microphone !== null) void listen();
    });
  }
};

async function listen() {
  const sound = new AudioContext();
  ear.rate = sound.sampleRate;
  await sound.audioWorklet.addModule(URL.createObjectURL(new Blob([TAP], { type: 'text/javascript' })));
  const merger = sound.createChannelMerger(2);
  sound.createMediaStreamSource(ear.microphone).connect(merger, 0, 0);
  sound.createMediaStreamSource(ear.remote).connect(merger, 0, 1);
  const tap = new AudioWorkletNode(sound, 'tap', { numberOfOutputs: 1, channelCount: 2, channelCountMode: 'explicit' });
  tap.port.onmessage = ({ data }) => ear.blocks.push(data);
  merger.connect(tap).connect(sound.destination);
}

/** 16-bit samples in base64, channel 0 the microphone, 1 the other side. */
function recorded(channel) {
  const size = ear.blocks[0]?.[channel].length ?? 0;
  const samples = new Int16Array(size * ear.blocks.length);
  for (const [index, block] of ear.blocks.entries()) {
    for (let i = 0; i < size; i += 1) samples[index * size + i] = Math.round(block[channel][i] * 32_767);
  }
  return new Uint8Array(samples.buffer).toBase64();
}

async function figures() {
  const reports = [...(await ear.peer.getStats()).values()];
  const find = (type) => reports.find((each) => each.type === type) ?? {};
  const received = find('inbound-rtp');
  const transport = find('transport');
  const codec = reports.find((each) => each.id === received.codecId) ?? {};
  return {
    packetsReceived: received.packetsReceived,
    packetsLost: received.packetsLost,
    concealedRatio: received.concealedSamples / received.totalSamplesReceived,
    jitterBufferMs: (1000 * received.jitterBufferDelay) / received.jitterBufferEmittedCount,
    packetsSent: find('outbound-rtp').packetsSent,
    packetsLostByBridge: find('remote-inbound-rtp').packetsLost ?? null,
    roundTripMs: 1000 * (find('remote-inbound-rtp').roundTripTime ?? Number.NaN),
    codec: codec.mimeType,
    dtlsState: transport.dtlsState,
    srtpCipher: transport.srtpCipher,
    iceRole: transport.iceRole,
  };
}

globalThis.browserEar = {
  recording: () => ({ rate: ear.rate, spoken: recorded(0), heard: recorded(1) }),
  figures,
  leftOpen: () => ({
    peer: ear.peer.connectionState !== 'closed',
    microphone: (ear.microphone?.getTracks() ?? []).some((track) => track.readyState === 'live'),
  }),
};
