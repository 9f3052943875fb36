/** The webhook of Linkerd's own configuration, linkerd-proxy-injector-webhook-config, as its chart writes the selectors. */
import type { Selectors } from '../istio/webhooks.ts';

export const WEBHOOK_CONFIGURATION = 'linkerd-proxy-injector-webhook-config';

export interface LinkerdWebhook extends Selectors {
  readonly name: string;
}

export const LINKERD_WEBHOOK: LinkerdWebhook = {
  name: 'linkerd-proxy-injector.linkerd.io',
  namespaceSelector: [
    { key: 'config.linkerd.io/admission-webhooks', operator: 'NotIn', values: ['disabled'] },
    { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system', 'cert-manager'] },
  ],
  objectSelector: [
    { key: 'linkerd.io/control-plane-component', operator: 'DoesNotExist' },
    { key: 'linkerd.io/cni-resource', operator: 'DoesNotExist' },
  ],
};
