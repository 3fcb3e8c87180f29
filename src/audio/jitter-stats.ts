/** Counted since the buffer was made, except the last three, which are of now. */
export interface JitterStats {
  /** Came after their place had been played. */
  readonly late: number;
  readonly duplicate: number;
  /** Frames made up because sound was missing or to let the buffer grow. Pauses of the sender do not count. */
  readonly concealed: number;
  /** Frames that were lost and tried from the FEC of the packet after. */
  readonly fec: number;
  /** Packets thrown away to bring the delay down. */
  readonly dropped: number;
  /** Times that the sender began anew with other numbers. */
  readonly resyncs: number;
  /** Sound that waits, milliseconds. */
  readonly depthMs: number;
  /** Depth that the buffer aims for, milliseconds. */
  readonly targetMs: number;
  /** How long the next frame is held back against the fastest packet, milliseconds; 0 while idle. */
  readonly delayMs: number;
}
