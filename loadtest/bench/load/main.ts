/**
 * The generator: a process of its own on another core than the servers, which keeps its connections to several of them open and is
 * told for each window which one to load. Commands and answers are JSON lines (see protocol.ts).
 */
import { serveLines } from '../line-process.ts';
import { measureHandshakes } from './handshakes.ts';
import type { FloodWindow, HandshakeWindow, LoadCommand, LoadWindow } from './protocol.ts';
import { Target } from './target.ts';

const targets = new Map<string, Target>();

await serveLines<LoadCommand>(async (command): Promise<LoadWindow | HandshakeWindow | FloodWindow | null> => {
  if (command.do === 'open') {
    const target = new Target(command);
    await target.connect();
    targets.set(command.name, target);
    return null;
  }
  const target = targets.get(command.name);
  if (target === undefined) throw new Error(`no target is called ${command.name}`);
  switch (command.do) {
    case 'capacity':
      return target.capacity(command.ms);
    case 'rate':
      return target.rate(command.ms, command.perSecond);
    case 'handshakes':
      return measureHandshakes(target.url, command);
    case 'flood':
      return target.flood(command);
  }
});
for (const target of targets.values()) target.close();
