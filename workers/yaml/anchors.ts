import { ALIAS_FREE_NODES, allowedAliasRatio, FREE_NODES } from './limits.ts';
import type { ResolvedScalar } from './resolve.ts';
import type { YamlValue } from './value.ts';

/** A node that aliases may name. */
export interface Anchor {
  /** Still being read: an alias to it would make the value contain itself. */
  open: boolean;
  value: YamlValue;
  /** How the node reads as a key; null for lists and mappings. */
  readonly scalar: ResolvedScalar | null;
  /** Nodes that go-yaml decodes for it. */
  nodes: number;
}

/**
 * The anchors of a document, and go-yaml v2's guard against documents that aliases blow up: it counts the nodes it decodes, and
 * which of them aliases stand for.
 */
export class Anchors {
  /** Nodes that go-yaml would have decoded so far, the document itself for one. */
  nodes = 1;
  private aliasNodes = 0;
  private readonly byName = new Map<string, Anchor>();

  declare(name: string, value: YamlValue, scalar: ResolvedScalar): void {
    this.byName.set(name, { open: false, value, scalar, nodes: 1 });
  }

  /** For a list or mapping that is about to be read: see close. */
  open(name: string): Anchor {
    const anchor: Anchor = { open: true, value: null, scalar: null, nodes: this.nodes };
    this.byName.set(name, anchor);
    return anchor;
  }

  close(anchor: Anchor, value: YamlValue): void {
    anchor.open = false;
    anchor.value = value;
    // `nodes` held the count when the anchor was opened, its own node included.
    anchor.nodes = this.nodes - anchor.nodes + 1;
  }

  find(name: string): Anchor | undefined {
    return this.byName.get(name);
  }

  /** Counts an alias for the nodes it stands for. False: too much of the document comes from aliases. */
  charge(anchor: Anchor): boolean {
    if (!this.withinLimit()) return false;
    this.nodes += 1 + anchor.nodes;
    this.aliasNodes += anchor.nodes;
    return this.withinLimit();
  }

  /**
   * go-yaml asks this at each node. The share of alias nodes grows while an alias is expanded, and its distance to what is allowed
   * is convex in between; so asking before and after each alias, and at the document's end, refuses the same documents.
   */
  withinLimit(): boolean {
    const { nodes, aliasNodes } = this;
    return aliasNodes <= ALIAS_FREE_NODES || nodes <= FREE_NODES || aliasNodes / nodes <= allowedAliasRatio(nodes);
  }
}
