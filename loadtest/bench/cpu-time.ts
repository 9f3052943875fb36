/**
 * CPU time and memory of a process with all its threads and children, from Linux's /proc. CPU time moves far less than the
 * throughput on a machine that others use as well: what a neighbour takes is not counted.
 */
import { readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second here, whatever its own clock does (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** User and system time in seconds of the process and its descendants that still run; null where there is no /proc. */
export function cpuSeconds(pid: number): number | null {
  return sumOverTree(pid, (each) => {
    const text = read(`/proc/${each}/stat`);
    return text === null ? null : parseCpuSeconds(text);
  });
}

/** As cpuSeconds, with that of children which have ended and been waited for. */
export function cpuSecondsWithEnded(pid: number): number | null {
  return sumOverTree(pid, (each) => {
    const text = read(`/proc/${each}/stat`);
    return text === null ? null : parseCpuSeconds(text) + parseEndedCpuSeconds(text);
  });
}

/** CPU time that the machine has spent on anything, what its host has taken from it included; null where there is no /proc. */
export function machineCpuSeconds(): number | null {
  const text = read('/proc/stat');
  return text === null ? null : parseMachineCpuSeconds(text);
}

/**
 * Resident memory in bytes of the process and its descendants: what each of them has for itself, and what they share of files (the program
 * itself, mostly) once. Null where there is no /proc.
 */
export function residentBytes(pid: number): number | null {
  let shared = 0;
  const own = sumOverTree(pid, (each) => {
    const resident = parseResident(read(`/proc/${each}/status`) ?? '');
    if (resident !== null) shared = Math.max(shared, resident.files);
    return resident?.own ?? null;
  });
  return own === null ? null : own + shared;
}

/** Reads /proc/PID/status, in bytes; null for a process without memory. */
export function parseResident(text: string): { readonly own: number; readonly files: number } | null {
  const bytes = (name: string): number | null => {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text);
    return found === null ? null : Number(found[1]) * 1024;
  };
  const [anonymous, files, shmem] = [bytes('RssAnon'), bytes('RssFile'), bytes('RssShmem')];
  return anonymous === null || files === null ? null : { own: anonymous + (shmem ?? 0), files };
}

/** Reads a line of /proc/PID/stat; its second field is the program's name in parentheses, which may hold anything. */
export function parseCpuSeconds(text: string): number {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function parseEndedCpuSeconds(text: string): number {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
}

/** Reads the first line of /proc/stat: `cpu`, then user, nice, system, idle, iowait, irq, softirq and steal. */
export function parseMachineCpuSeconds(text: string): number {
  const [user, nice, system, _idle, _wait, irq, softirq, steal] = (text.split('\n', 1)[0] ?? '')
    .split(/ +/)
    .slice(1)
    .map(Number);
  return (
    [user, nice, system, irq, softirq, steal].reduce<number>((sum, ticks) => sum + (ticks ?? 0), 0) / TICKS_PER_SECOND
  );
}

function sumOverTree(pid: number, of: (pid: number) => number | null): number | null {
  const own = of(pid);
  if (own === null) return null;
  return children(pid).reduce((sum, child) => sum + (sumOverTree(child, of) ?? 0), own);
}

function children(pid: number): number[] {
  const text = read(`/proc/${pid}/task/${pid}/children`) ?? '';
  return text
    .split(' ')
    .filter((name) => name !== '')
    .map(Number);
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
