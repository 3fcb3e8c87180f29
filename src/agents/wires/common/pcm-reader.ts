/**
 * Reads s16le bytes as samples, without a copy where the bytes lie evenly in memory. The result is valid until the next
 * call. Half a sample at the end is left out.
 */
export class PcmReader {
  #scratch = new Int16Array(0);

  read(bytes: Uint8Array): Int16Array {
    const samples = Math.floor(bytes.length / 2);
    if (bytes.byteOffset % 2 === 0) return new Int16Array(bytes.buffer, bytes.byteOffset, samples);
    if (this.#scratch.length < samples) this.#scratch = new Int16Array(samples);
    new Uint8Array(this.#scratch.buffer).set(bytes.subarray(0, 2 * samples));
    return this.#scratch.subarray(0, samples);
  }
}
