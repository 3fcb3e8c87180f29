/** A sound file of an agent that cannot be played. The message is a sentence that names the rule. */
export class SoundFileError extends Error {
  override readonly name = 'SoundFileError';
}
