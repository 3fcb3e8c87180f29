/** The keys by their RFC 4733 event code, 0..15. */
export const DTMF_DIGITS = '0123456789*#ABCD';
