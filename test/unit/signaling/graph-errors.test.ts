import { describe, expect, it } from 'vitest';
import { classify, META_ERRORS, retryFor } from '../../../src/signaling/index.ts';

const graph = (code: number | string, details: string | null = null, message = 'Invalid parameter') => ({
  error: {
    message,
    type: 'OAuthException',
    code,
    error_subcode: 2494010,
    ...(details === null ? {} : { error_data: { messaging_product: 'whatsapp', details } }),
    fbtrace_id: 'A1',
  },
});

describe("one of Meta's errors", () => {
  it('is known by its code, and says what its details say', () => {
    expect(classify(400, graph(100, 'Fingerprint algo is not SHA256'))).toEqual({
      code: 100,
      httpStatus: 400,
      kind: 'refused',
      message: 'Fingerprint algo is not SHA256',
    });
  });

  it('may give its code as text', () => {
    expect(classify(500, graph('138004'))).toMatchObject({ code: 138004, kind: 'unknown' });
  });

  it.each([
    'The call has already ended',
    'Call already terminated',
    'This call is already completed',
    'Action on a failed call',
    'User already hung up',
    'Reject already in progress',
    'Invalid call_id',
    'Call id wacid.X does not exist',
    'Call not found',
  ])('means that the call is gone if it says so: %s', (details) => {
    expect(classify(400, graph(100, details))).toMatchObject({ kind: 'gone', message: details });
    expect(retryFor(classify(400, graph(100, details)))).toBe('never');
  });

  it.each([
    'The SDP of accept differs from that of pre_accept',
    'Fingerprint algo is not SHA256',
    'The call is already in progress',
    'The call is already accepted, use terminate',
    'Invalid phone number id',
    'call_id is required',
  ])('does not mean that if it says something else: %s', (details) => {
    expect(classify(400, graph(100, details)).kind).toBe('refused');
  });

  it('is not taken for the end of the call by its text when its code is clear', () => {
    expect(classify(401, graph(190, null, 'The session has ended')).kind).toBe('refused');
  });

  it.each([
    [429, graph(130429), 'unknown', 'backoff'],
    [500, graph(138004), 'unknown', 'once'],
    [500, graph(138007), 'refused', 'never'],
    [401, graph(138000), 'refused', 'never'],
    [429, graph(999_999), 'unknown', 'backoff'],
    [503, graph(999_999), 'unknown', 'backoff'],
    [400, graph(999_999), 'refused', 'never'],
    [302, '', 'refused', 'never'],
    [502, '<html>Bad gateway</html>', 'unknown', 'backoff'],
  ])('with HTTP %d is of a kind, and says whether to repeat', (status, body, kind, retry) => {
    const failure = classify(status, body);
    expect(failure).toMatchObject({ kind, httpStatus: status });
    expect(retryFor(failure)).toBe(retry);
  });

  it.each([
    ['{"error":"text"}', { error: 'Invalid API key', status: 401 }, 'Invalid API key'],
    ['{"errors":{…}}', { errors: { base: ['Number is not in this project'] } }, 'Number is not in this project'],
    ['{"errors":[…]}', { errors: [{ code: 190, message: 'Token expired' }] }, 'Token expired'],
    ['no envelope', 'Unauthorized', 'HTTP 401 without a reason'],
    ['nothing', null, 'HTTP 401 without a reason'],
  ])('may come in another envelope: %s', (_, body, message) => {
    expect(classify(401, body)).toMatchObject({ httpStatus: 401, kind: 'refused', message });
  });

  it('is repeated without phone numbers and addresses', () => {
    const { message } = classify(400, graph(100, 'Candidate 203.0.113.7 for +15550002222\nis unusable'));
    expect(message).toBe('Candidate [address] for [number] is unusable');
  });
});

describe('the table of errors', () => {
  it('has each code once, in order', () => {
    const codes = META_ERRORS.map(({ code }) => code);
    expect(codes).toEqual([...new Set(codes)].toSorted((a, b) => a - b));
  });

  it('never repeats what Graph decided for good', () => {
    const wrong = META_ERRORS.filter(({ kind, retry }) => kind === 'gone' && retry !== 'never');
    expect(wrong).toEqual([]);
  });
});
