import type { z } from 'zod';

/** A body cannot be taken. Every wrong field by its name, `.` between levels, with the rules it breaks. */
export class InvalidFields extends Error {
  override readonly name = 'InvalidFields';
  readonly fields: Readonly<Record<string, readonly string[]>>;

  /** @param intro what stands before the fields in the message */
  constructor(fields: Readonly<Record<string, readonly string[]>>, intro = '') {
    const told = Object.entries(fields).map(([name, rules]) => `${name} ${rules.join(', ')}`);
    super(intro + told.join('; '));
    this.fields = fields;
  }
}

/** Collects what is wrong with a body, so that it is told all at once. */
export class FieldFaults {
  readonly #faults = new Map<string, string[]>();

  add(name: string, rule: string): void {
    this.#faults.set(name, [...(this.#faults.get(name) ?? []), rule]);
  }

  /** What the schema makes of `given`; null if it is wrong, which is then among the faults under `prefix`. */
  check<T>(schema: z.ZodType<T>, given: unknown, prefix = ''): T | null {
    const parsed = schema.safeParse(given);
    for (const { path, message } of parsed.error?.issues ?? []) {
      this.add([...(prefix === '' ? [] : [prefix]), ...path.map(String)].join('.') || 'base', message);
    }
    return parsed.success ? parsed.data : null;
  }

  get any(): boolean {
    return this.#faults.size > 0;
  }

  toError(): InvalidFields {
    return new InvalidFields(Object.fromEntries(this.#faults));
  }
}
