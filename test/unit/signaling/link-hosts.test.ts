import { describe, expect, it } from 'vitest';
import { mayHaveCredential } from '../../../src/signaling/link-hosts.ts';

const META = new URL('https://graph.facebook.com');
const KAPSO = new URL('https://api.kapso.ai/meta/whatsapp');
const DESK = new URL('http://127.0.0.1:4000');

describe("a number's token", () => {
  it.each([
    ['https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1', META],
    ['https://graph.facebook.com/v24.0/1', META],
    ['https://mmg.whatsapp.net/d/f/1', META],
    ['https://app.kapso.ai/media/1', KAPSO],
    ['http://127.0.0.1:4000/media/1', DESK],
  ])('is shown where the file is: %s', (link, graph) => {
    expect(mayHaveCredential(new URL(link), graph)).toBe(true);
  });

  it.each([
    ['http://lookaside.fbsbx.com/1', META],
    ['https://lookaside.fbsbx.com:8443/1', META],
    ['https://fbsbx.com.evil.example/1', META],
    ['https://evilfbsbx.com/1', META],
    ['https://user@lookaside.fbsbx.com/1', META],
    ['https://evil.example/?x=fbsbx.com', META],
    ['https://app.kapso.ai/1', META],
    ['https://lookaside.fbsbx.com/1', KAPSO],
    ['https://169.254.169.254/latest', META],
    ['http://127.0.0.1:4001/1', DESK],
    ['file:///etc/passwd', META],
  ])('is shown to nobody else: %s', (link, graph) => {
    expect(mayHaveCredential(new URL(link), graph)).toBe(false);
  });
});
