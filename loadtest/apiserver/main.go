// Command apiserver is a real kube-apiserver with its etcd, and the controllers that make pods, in one process for tests: admission,
// storage, RBAC and watches are those of a cluster, and nothing but Go and the module proxy is needed to have it.
//
//	apiserver --data DIR [--port N] [--controllers] [--tied] [-- kube-apiserver flags]
//
// DIR is made and gets the CA, the certificates, the data and the kubeconfig of an administrator. When the server is ready, one line
// with the kubeconfig's path goes to standard output. It ends on SIGTERM and SIGINT, and with --tied also when its standard input
// closes, so that it never outlives the test that has started it. There is no scheduler and no kubelet: pods stay Pending.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

const (
	readyLimit = 60 * time.Second
	readyPause = 50 * time.Millisecond
	etcdLimit  = 30 * time.Second
)

type options struct {
	data        string
	port        int
	controllers bool
	tied        bool
	flags       []string
}

func main() {
	var given options
	flag.StringVar(&given.data, "data", "", "folder for certificates, data and the kubeconfig")
	flag.IntVar(&given.port, "port", 0, "port on 127.0.0.1; 0 picks a free one")
	flag.BoolVar(&given.controllers, "controllers", false, "run the controllers that make pods")
	flag.BoolVar(&given.tied, "tied", false, "end when standard input closes")
	flag.Parse()
	given.flags = flag.Args()
	if given.data == "" {
		fail(errors.New("--data DIR is required"))
	}
	endOnSignal(given.tied)
	if err := run(given); err != nil {
		fail(err)
	}
	select {}
}

// endOnSignal is needed beside the apiserver's own handler, with which a stop takes a minute. Nothing has to be kept.
func endOnSignal(tied bool) {
	asked := make(chan os.Signal, 2)
	signal.Notify(asked, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-asked
		os.Exit(0)
	}()
	if tied {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		}()
	}
}

func run(given options) error {
	if err := os.MkdirAll(given.data, 0o700); err != nil {
		return err
	}
	if given.port == 0 {
		port, err := freePort()
		if err != nil {
			return err
		}
		given.port = port
	}
	made, err := makeCredentials(given.data)
	if err != nil {
		return err
	}
	store, err := startEtcd(filepath.Join(given.data, "etcd"))
	if err != nil {
		return err
	}
	config := &rest.Config{
		Host:            fmt.Sprintf("https://127.0.0.1:%d", given.port),
		BearerToken:     made.token,
		TLSClientConfig: rest.TLSClientConfig{CAData: made.ca},
		QPS:             -1,
	}
	server := app.NewAPIServerCommand()
	server.SetArgs(append(serverFlags(given, made, store), given.flags...))
	go func() { fail(fmt.Errorf("the apiserver ended: %v", server.Execute())) }()
	if err := waitReady(config); err != nil {
		return err
	}
	if given.controllers {
		if err := startControllers(context.Background(), config); err != nil {
			return err
		}
	}
	kubeconfig := filepath.Join(given.data, "kubeconfig")
	if err := clientcmd.WriteToFile(made.kubeconfig(config.Host), kubeconfig); err != nil {
		return err
	}
	fmt.Println(kubeconfig)
	return nil
}

func serverFlags(given options, made *credentials, store string) []string {
	flags := []string{
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", given.port),
		"--etcd-servers=" + store,
		"--cert-dir=" + given.data,
		"--tls-cert-file=" + made.certFile,
		"--tls-private-key-file=" + made.keyFile,
		"--token-auth-file=" + made.tokenFile,
		"--client-ca-file=" + made.caFile,
		"--authorization-mode=RBAC",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + made.accountKeyFile,
		"--service-account-signing-key-file=" + made.accountKeyFile,
		"--service-cluster-ip-range=10.0.0.0/24",
		"--endpoint-reconciler-type=none",
		"--allow-privileged=true",
	}
	if !given.controllers {
		// Nothing makes the service accounts that pods would need.
		flags = append(flags, "--disable-admission-plugins=ServiceAccount")
	}
	return flags
}

// startEtcd returns the address of an etcd whose writes are not synced: its data are worth nothing after a crash.
func startEtcd(folder string) (string, error) {
	config := embed.NewConfig()
	config.Dir = folder
	config.LogLevel = "error"
	config.UnsafeNoFsync = true
	client, err := freeURL()
	if err != nil {
		return "", err
	}
	peer, err := freeURL()
	if err != nil {
		return "", err
	}
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{*client}, []url.URL{*client}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{*peer}, []url.URL{*peer}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return "", err
	}
	select {
	case <-etcd.Server.ReadyNotify():
		return client.String(), nil
	case err := <-etcd.Err():
		return "", err
	case <-time.After(etcdLimit):
		return "", errors.New("etcd is not ready in time")
	}
}

func waitReady(config *rest.Config) error {
	transport, err := rest.TransportFor(config)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: transport, Timeout: 5 * time.Second}
	for end := time.Now().Add(readyLimit); time.Now().Before(end); time.Sleep(readyPause) {
		response, err := client.Get(config.Host + "/readyz")
		if err != nil {
			continue
		}
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return nil
		}
	}
	return fmt.Errorf("the apiserver is not ready after %s", readyLimit)
}

func freeURL() (*url.URL, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	return &url.URL{Scheme: "http", Host: fmt.Sprintf("127.0.0.1:%d", port)}, nil
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "apiserver:", err)
	os.Exit(1)
}
