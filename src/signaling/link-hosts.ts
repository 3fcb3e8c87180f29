/** Where Meta keeps media (meta-calling.md §2.7), and where Kapso does for those who reach Meta through it. */
const OF_META = ['facebook.com', 'fbsbx.com', 'whatsapp.net', 'whatsapp.com'];
const OF_KAPSO = 'kapso.ai';

/**
 * Whether a number's token may be shown to where a link leads: to Graph itself, and to hosts of those who gave the token. A
 * link comes from an answer, and some objects of Graph name pages of anybody.
 */
export function mayHaveCredential(link: URL, graph: URL): boolean {
  if (link.username !== '' || link.password !== '') return false;
  if (link.origin === graph.origin) return true;
  if (link.protocol !== 'https:' || link.port !== '') return false;
  const families = isOf(graph.hostname, OF_KAPSO) ? [OF_KAPSO] : OF_META;
  return families.some((family) => isOf(link.hostname, family));
}

function isOf(host: string, family: string): boolean {
  return host === family || host.endsWith(`.${family}`);
}
