/** The spellings under which WhatsApp hands out one and the same number, and the one that stands for them. */
const SPELLINGS: readonly { readonly written: RegExp; readonly as: string }[] = [
  // Brazil put a ninth digit before mobile numbers; ids of older accounts lack it. Land lines begin with 2 to 5.
  { written: /^55([1-9][1-9])([6-9]\d{7})$/, as: '55$19$2' },
  // Argentina dials mobiles from abroad with a 9 behind the country; area codes begin with 1, 2 or 3.
  { written: /^54([1-3]\d{9})$/, as: '549$1' },
  // Mexico gave up the 1 behind the country in 2019; no area code begins with 1.
  { written: /^521([2-9]\d{9})$/, as: '52$1' },
];

/**
 * The key under which a WhatsApp user is looked up: the same for every spelling of the number (meta-calling.md §9.14).
 * It is for comparing alone. What is sent to Graph is the number as it was given.
 *
 * @param waId digits; a `+`, spaces, brackets, points and dashes are left out. Anything else comes back as it is, so that
 *   a BSUID is never turned into a number.
 */
export function canonicalWaId(waId: string): string {
  if (!/^\+?[\d\s().-]+$/.test(waId)) return waId;
  const digits = waId.replace(/\D/g, '');
  const spelling = SPELLINGS.find(({ written }) => written.test(digits));
  return spelling === undefined ? digits : digits.replace(spelling.written, spelling.as);
}
