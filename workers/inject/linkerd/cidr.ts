/** Networks as Go's net.ParseCIDR reads them: an address without zone, a slash, a length without sign. */
import { isPrefix } from '../istio/strconv.ts';

/** Unlike netip.ParsePrefix, net.ParseCIDR takes a length with leading zeros. */
export function isCidr(text: string): boolean {
  const slash = text.indexOf('/');
  if (slash < 0) return false;
  const length = text.slice(slash + 1).replace(/^0+(?=[0-9])/, '');
  return isPrefix(`${text.slice(0, slash)}/${length}`);
}
