/** What a YAML document holds; integers beyond 2^53 are bigints where the caller asked for exact numbers. */
export type YamlValue = null | boolean | number | bigint | string | YamlValue[] | YamlObject;
export interface YamlObject {
  [key: string]: YamlValue;
}

/** Sets an own member, whatever its name: `__proto__` is data here, as it is for JSON.parse. */
export function setMember(object: YamlObject, key: string, value: YamlValue): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    object[key] = value;
  }
}
