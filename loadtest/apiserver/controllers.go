package main

import (
	"context"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/controller-manager/pkg/informerfactory"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/controller/deployment"
	"k8s.io/kubernetes/pkg/controller/garbagecollector"
	"k8s.io/kubernetes/pkg/controller/job"
	"k8s.io/kubernetes/pkg/controller/namespace"
	"k8s.io/kubernetes/pkg/controller/replicaset"
	"k8s.io/kubernetes/pkg/controller/serviceaccount"
	"k8s.io/kubernetes/pkg/controller/statefulset"
)

const (
	workers       = 2
	burstReplicas = 500
	syncLimit     = 30 * time.Second
	resyncPeriod  = 12 * time.Hour
)

// startControllers runs the controllers between a Deployment and its pods, each as its own service account, as in a cluster: what a
// webhook sees of a user's pod comes from one of them.
func startControllers(ctx context.Context, config *rest.Config) error {
	all, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	shared := informers.NewSharedInformerFactory(all, resyncPeriod)
	apps, pods := shared.Apps().V1(), shared.Core().V1().Pods()
	as := func(account string) *rest.Config {
		own := rest.CopyConfig(config)
		own.Impersonate.UserName = "system:serviceaccount:kube-system:" + account
		own.Impersonate.Groups = []string{"system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"}
		return own
	}
	client := func(account string) kubernetes.Interface { return kubernetes.NewForConfigOrDie(as(account)) }

	deployments, err := deployment.NewDeploymentController(ctx, apps.Deployments(), apps.ReplicaSets(), pods, client("deployment-controller"))
	if err != nil {
		return err
	}
	replicas := replicaset.NewReplicaSetController(ctx, apps.ReplicaSets(), pods, client("replicaset-controller"), burstReplicas)
	stateful := statefulset.NewStatefulSetController(ctx, pods, apps.StatefulSets(), shared.Core().V1().PersistentVolumeClaims(),
		apps.ControllerRevisions(), client("statefulset-controller"))
	jobs, err := job.NewController(ctx, pods, shared.Batch().V1().Jobs(), client("job-controller"))
	if err != nil {
		return err
	}
	accounts, err := serviceaccount.NewServiceAccountsController(klog.FromContext(ctx), shared.Core().V1().ServiceAccounts(),
		shared.Core().V1().Namespaces(), client("service-account-controller"), serviceaccount.DefaultServiceAccountsControllerOptions())
	if err != nil {
		return err
	}
	ends, err := metadata.NewForConfig(as("namespace-controller"))
	if err != nil {
		return err
	}
	spaces := client("namespace-controller")
	namespaces := namespace.NewNamespaceController(ctx, spaces, ends, spaces.Discovery().ServerPreferredNamespacedResources,
		shared.Core().V1().Namespaces(), resyncPeriod, core.FinalizerKubernetes)

	go deployments.Run(ctx, workers)
	go replicas.Run(ctx, workers)
	go stateful.Run(ctx, workers)
	go jobs.Run(ctx, workers)
	go accounts.Run(ctx, 1)
	go namespaces.Run(ctx, workers)
	return startCollector(ctx, as("generic-garbage-collector"), shared)
}

// startCollector removes what belongs to nobody any more, and starts the informers of all controllers.
func startCollector(ctx context.Context, config *rest.Config, shared informers.SharedInformerFactory) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	objects, err := metadata.NewForConfig(config)
	if err != nil {
		return err
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(client.Discovery()))
	metadatas := metadatainformer.NewSharedInformerFactory(objects, resyncPeriod)
	started := make(chan struct{})
	collector, err := garbagecollector.NewGarbageCollector(ctx, client, objects, mapper, garbagecollector.DefaultIgnoredResources(),
		informerfactory.NewInformerFactory(shared, metadatas), started)
	if err != nil {
		return err
	}
	go collector.Run(ctx, workers, syncLimit)
	go collector.Sync(ctx, client.Discovery(), syncLimit)
	shared.Start(ctx.Done())
	metadatas.Start(ctx.Done())
	close(started)
	return nil
}
