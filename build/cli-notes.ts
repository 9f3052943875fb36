/** What the reference of the command line says beyond the flags, by command. */
export const CLI_NOTES: Readonly<Record<string, string>> = {
  inject: `
For Istio there are two ways to say what to inject with.

- **Three files**, as \`istioctl kube-inject\` takes them, each the bare text or the ConfigMap as kubectl prints it; one dump may hold all of
  them, of several revisions. The result is istioctl's: the revision \`default\` is empty for templates, the template is \`sidecar\` (or the
  text of a template alone, given as \`--injectConfigFile\`), policy, selectors, aliases and \`injectedAnnotations\` do not act, and the
  workload is the resource itself.

  \`\`\`sh
  kubectl -n istio-system get cm istio istio-sidecar-injector -o yaml > istio.yaml
  meshgate inject -f web.yaml --injectConfigFile istio.yaml | kubectl apply -f -
  \`\`\`

- **A policy source**: the pods that the workloads would create are sent through the injector of the mesh and revision, as a cluster's
  webhook would send them: policy, selectors, namespaces, aliases and older releases' ways count.

  \`\`\`sh
  meshgate inject -f web.yaml --source policies --mesh istio-prod --revision canary
  \`\`\`

Documents that do not change keep their bytes; each is followed by \`---\`, as istioctl writes them. Injected documents are written anew,
keys sorted, comments gone. JSON stays JSON; several resources become a List in it. Workloads are Pod, Deployment, ReplicaSet,
ReplicationController, StatefulSet, DaemonSet, Job, CronJob and DeploymentConfig in any version, also within Lists. What is skipped is
said on stderr (\`===> Skipping injection because …\`). When a workload is refused, nothing is written. A second injection changes
nothing but what the configuration has changed since.
`,
  uninject: `
A pod tells of its containers, volumes, pull secrets, probes, scrape annotations and its own \`istio-proxy\`; these are put back as they were.
It does not tell which labels and annotations the templates added: with the configuration that made the injection (the flags of
\`inject\`) a member goes where injection would put the very same back; without it, where it is what Istio's own sidecar template writes.
So what can not be told is:

- a label, annotation or setting of the user's own that says what injection says: it goes with the rest, and comes back with the next
  injection;
- the name of a port that a rewritten probe had: it is its number now;
- the place of the user's \`istio-proxy\` among the containers: it is the last one now;
- without the configuration: what custom templates, CNI settings and the \`gateway\` template add outside of containers and volumes, and
  the label \`topology.istio.io/network\`: they stay.
`,
  explain: `
First is told which release the revision behaves as, how that was told, and what it does that not all releases do
([releases.md](releases.md)). Then each step names its rule, what it looked at and what follows; the last line is the sentence that
answers the question.

\`\`\`sh
kubectl get deployment web -o yaml | meshgate explain - --source policies --mesh istio-prod --namespace-labels istio-injection=enabled
meshgate explain recorded-review.json --source policies --request-path /inject/mesh/istio-prod/cluster/east
\`\`\`

The steps come from the functions that inject. Before them, for workloads, stand the selectors of Istio's own webhooks
(\`rev.namespace\`, \`rev.object\`, \`namespace\`, \`object\`, and \`auto\` where it is asked for), for which the labels of the namespace have to be
known: from \`--namespace-labels\`, \`--cluster-snapshot\` or the source's ClusterSnapshot. \`--json\` prints a list of \`{subject, namespace, mesh,
revision, steps: [{rule, saw, effect, code?, says}], verdict: {kind, code, sentence}}\`. The codes are those of [errors.md](errors.md).

With \`--source\` and without a named revision, each pod gets the one that a gateway would choose: by the revision label of its namespace or
itself, else by the cohort of the rollout that leaves the mesh's default revision, at the weight of \`--weight\` or of the gateway whose
folder \`--state\` names. Step \`rollout\` and \`cohort: {rollout, from, to, weight, place, included, keptOut}\` tell where the workload stands and
what keeps it out: a selector, the annotation \`meshgate.dev/rollout: disabled\`, a label. \`inject\` chooses the same way, each workload of a
file by itself; Linkerd's \`inject\` takes the default revision or \`--revision\`.

\`\`\`sh
meshgate explain deployment.yaml --source policies --mesh istio-prod --weight 20
meshgate explain deployment.yaml --source policies --mesh istio-prod --state /var/lib/meshgate
\`\`\`
`,
  'rollout status': `
Exit code 1 says that a rollout has failed. \`--watch\` tells every change and ends when there is nothing more to come, so it can stand in a
pipeline: \`meshgate rollout status to-1-30 --watch\`. What \`--json\` prints is what \`/api/v1/rollouts\` answers: phase, weight, conditions,
events, why it failed, and \`change\`, the line to commit after a promotion until the files say so. Actions need the token in the
state folder; they are kept before they count, and work on any gateway that shares the folder.
`,
  import: `
\`\`\`sh
kubectl get cm -n istio-system -o yaml > configmaps.yaml
kubectl get mutatingwebhookconfigurations,namespaces,nodes -o yaml > cluster.yaml
meshgate import istio configmaps.yaml cluster.yaml -o policies
meshgate import istio --live -o policies        # the same, from the cluster of the current context
\`\`\`

Written are \`mesh.yaml\`, a folder for each revision with the texts of its ConfigMaps as they are, and \`cluster.yaml\` with namespaces and
nodes. A revision's release is told from istiod's image where its Deployment is among the objects, else from the values' image tag; its platform,
compliance policy and what templates read of the environment from istiod as well. Linkerd's release is told from the injector's image, else
from the values' \`linkerdVersion\`. Then the folder is loaded and compiled as the gateway
would; the exit code is 1 when something was left out or does not compile.
`,
  validate: `
\`\`\`sh
meshgate validate policies
meshgate validate https://git.example.com/team/policies@main --path prod --output json
\`\`\`
`,
  diff: `
\`\`\`sh
meshgate diff --source policies --mesh istio-prod --from prod --to canary --reviews manifests/
meshgate diff --source policies --from main              # what the working copy changes; with the policies' own tests
meshgate diff --source policies --from 1-29@v1.4 --to 1-29@HEAD --reviews recorded.ndjson --output json
meshgate diff --source . --base https://git.example.com/platform/meshes.git@main --from main   # in a team's overlay, over its base
meshgate diff --config gateway.yaml --from 1-29 --to 1-30 --reviews manifests/                 # of all sources of a gateway
\`\`\`

A name is looked for among the revisions and tags of the source as it is, then among what git knows (\`main\`, \`v1.4\`, \`HEAD~2\`). Of a commit alone
the revision is the one that routing picks for the mesh. Commits are those of \`--source\`, each over the same base; with \`--config\` there are none
to name. Each pod is injected twice, in process, each time with what the policies of that
side say; nothing is sent anywhere.

Differences are grouped by kind and place. A place is a JSON pointer in which elements of lists go by their names
(\`/spec/containers/istio-proxy/env/NAME/value\`), texts that hold JSON are entered, and \`*\` is any container of the application. Where pods
differ only in their own names, values show \`{pod}\`, \`{workload}\`, \`{owner}\`, \`{namespace}\` or \`{container}\`. A pod that is injected by
one side and not by the other counts as an outcome alone. What \`sidecar.istio.io/status\` repeats comes last.

Exit codes: 0 no pod differs, 1 some do (\`--no-exit-code\`: 0), 2 wrong use, 3 it could not run, also where a file or the policies are wrong.
`,
  lint: `
\`\`\`sh
meshgate lint deploy/ --source policies --max-warnings 0
meshgate lint deploy/ --source . --base https://git.example.com/platform/meshes.git@main   # a team's overlay over its base
kustomize build overlays/prod | meshgate lint -
\`\`\`

Each finding has a code of [lint.md](lint.md) and a place. \`--fix\` edits only the lines concerned and keeps comments. Values are checked by
the functions with which the newest injectors check them. CI examples: [../ci.md](../ci.md).
`,
  record: `
The gateway writes the files, as its own user, readable for nobody else: \`reviews-TIME-NNNN.ndjson\`, one AdmissionReview a line with a member
\`meshgate\` that says which mesh and revision answered it, what was known of the cluster, and what the outcome was. A file has its name only
when it is complete (8 MiB). An interrupt ends the recording and completes the last file.

What is redacted: values of variables (but for those of the mesh's own containers), users but for \`system:\` names, the copy of the object
in \`kubectl.kubernetes.io/last-applied-configuration\`, header values and arguments whose names say that they are secret, and whatever has the form
of a secret (private keys, JSON web tokens, keys of well-known clouds, passwords in URLs) anywhere, also within annotations that hold JSON.
What injection reads stays, so a replayed review is answered as it was.

Recording never delays an answer: copies are made after it has left, not while reviews wait for a worker, at most 200 a second; what is left
out is counted. In a cluster: \`kubectl exec deploy/meshgate -- meshgate record --state /state --out /state/recorded --count 500\`, then \`kubectl cp\`.
`,
  shadow: `
Shadows end by themselves, and with the gateway. What they cost, how differences are allowed, and the way from another injector's webhook:
[../shadow.md](../shadow.md).
`,
  replay: `
A recorded review goes to the mesh that answered it, with what was known of its namespace, owners and nodes then (unless
\`--cluster-snapshot\` says otherwise). AdmissionReviews from elsewhere and the pods of manifests go to \`--mesh\`, or to the only mesh there is.

\`\`\`sh
meshgate replay --source policies@my-branch --against policies@main --reviews recorded/
\`\`\`

Differences are from the other commit to the source, grouped as by \`meshgate diff\`. Times are of one injection in this process, one after
the other, parsing and encoding included. Exit code 1: there are differences.
`,
};
