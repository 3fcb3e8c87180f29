import { ProtobufFrameSerializer } from '@pipecat-ai/websocket-transport';
import { describe, expect, it } from 'vitest';
import { AudioEncoder, decodeFrame, encodeMessage } from '../../../src/agents/wires/pipecat/frame-codec.ts';

/** Pipecat's own client library, the other writer and reader of these frames. */
const theirs = new ProtobufFrameSerializer();
const pcm = Int16Array.from({ length: 320 }, (_, i) => i * 50 - 8000);
const message = { label: 'rtvi-ai', type: 'client-message', id: '7', data: { t: 'grüße', d: [1, null] } };

const blob = (bytes: Uint8Array): Blob => new Blob([Uint8Array.from(bytes)]);

describe("Pipecat's own serializer", () => {
  it('writes a message byte for byte as we do', () => {
    expect(Buffer.from(encodeMessage(message))).toEqual(Buffer.from(theirs.serializeMessage(message)));
  });

  it('writes sound byte for byte as we do, but for the number of the frame', () => {
    const buffer = Uint8Array.from(new Uint8Array(pcm.buffer)).buffer;
    const theirBytes = Buffer.from(theirs.serializeAudio(buffer, 16_000, 1));
    const ours = Buffer.from(new AudioEncoder(16_000).encode(pcm));
    // Field 2 of Frame, its length (two bytes at this size), then what is in it. Theirs is number 0, which is not written.
    const id = Buffer.from([0x08, 0x01]);
    expect(ours.subarray(0, 1)).toEqual(theirBytes.subarray(0, 1));
    expect(ours.readUInt16LE(1)).toBe(theirBytes.readUInt16LE(1) + id.length);
    expect(ours.subarray(3)).toEqual(Buffer.concat([id, theirBytes.subarray(3)]));
  });

  it('reads what we write', async () => {
    expect(await theirs.deserialize(blob(encodeMessage(message)))).toEqual({ type: 'message', message });
    const encoder = new AudioEncoder(16_000);
    encoder.encode(pcm);
    expect(await theirs.deserialize(blob(encoder.encode(pcm)))).toEqual({ type: 'audio', audio: pcm });
  });

  it('is read by us', () => {
    expect(decodeFrame(theirs.serializeMessage(message))).toEqual({ kind: 'message', data: JSON.stringify(message) });
    const frame = decodeFrame(theirs.serializeAudio(Uint8Array.from(new Uint8Array(pcm.buffer)).buffer, 16_000, 1));
    expect(frame).toMatchObject({ kind: 'audio', sampleRate: 16_000, channels: 1 });
    expect(frame?.kind === 'audio' && Buffer.from(frame.bytes)).toEqual(Buffer.from(pcm.buffer));
  });
});

it('an encoder leaves what it wrote before as it was', () => {
  const encoder = new AudioEncoder(8000);
  const first = encoder.encode(Int16Array.of(1, 2));
  const copy = Buffer.from(first);
  encoder.encode(Int16Array.of(3, 4));
  expect(Buffer.from(first)).toEqual(copy);
});
