// Command resources reads documents, one JSON string a line, and prints what Linkerd's command line would make of each: see README.md.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	clarketm "github.com/clarketm/json"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

type vector struct {
	Yaml  string          `json:"yaml"`
	Kind  string          `json:"kind,omitempty"`
	JSON  json.RawMessage `json:"json,omitempty"`
	Error string          `json:"error,omitempty"`
}

func typeOf(kind string) any {
	switch strings.ToLower(kind) {
	case "deployment":
		return &appsv1.Deployment{}
	case "replicationcontroller":
		return &corev1.ReplicationController{}
	case "replicaset":
		return &appsv1.ReplicaSet{}
	case "job":
		return &batchv1.Job{}
	case "daemonset":
		return &appsv1.DaemonSet{}
	case "statefulset":
		return &appsv1.StatefulSet{}
	case "pod":
		return &corev1.Pod{}
	case "namespace":
		return &corev1.Namespace{}
	case "cronjob":
		return &batchv1.CronJob{}
	case "service":
		return &corev1.Service{}
	}
	return nil
}

func read(document string) vector {
	v := vector{Yaml: document}
	var meta metav1.TypeMeta
	if err := yaml.Unmarshal([]byte(document), &meta); err != nil {
		v.Error = err.Error()
		return v
	}
	object := typeOf(meta.Kind)
	if object == nil {
		fail("no type for a document of kind %q", meta.Kind)
	}
	v.Kind = strings.ToLower(meta.Kind)
	if err := yaml.Unmarshal([]byte(document), object); err != nil {
		v.Error = err.Error()
		return v
	}
	out, err := clarketm.Marshal(object)
	if err != nil {
		fail("%v", err)
	}
	v.JSON = out
	return v
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for in.Scan() {
		var document string
		if err := json.Unmarshal(in.Bytes(), &document); err != nil {
			fail("%v", err)
		}
		if err := out.Encode(read(document)); err != nil {
			fail("%v", err)
		}
	}
	if err := in.Err(); err != nil {
		fail("%v", err)
	}
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "resources: "+format+"\n", args...)
	os.Exit(1)
}
