// Records what the apiserver's own CEL environment and its ValidatingAdmissionPolicy make of the cases on standard input: one JSON
// object a line, read and written back with the answer. See README.md.
package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	admissionregistration "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/admission"
	plugincel "k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/cel/environment"
)

type vector struct {
	Expression string                                               `json:"expression,omitempty"`
	Policy     *admissionregistration.ValidatingAdmissionPolicySpec `json:"policy,omitempty"`
	Object     map[string]any                                       `json:"object,omitempty"`
	OldObject  map[string]any                                       `json:"oldObject,omitempty"`
	Namespace  *corev1.Namespace                                    `json:"namespace,omitempty"`
	Request    map[string]any                                       `json:"request,omitempty"`

	// The answers.
	Type         string      `json:"type,omitempty"`
	Value        any         `json:"value,omitempty"`
	CompileError string      `json:"compileError,omitempty"`
	Error        string      `json:"error,omitempty"`
	Decisions    []decision  `json:"decisions,omitempty"`
	Annotations  [][3]string `json:"annotations,omitempty"`
}

type decision struct {
	Action  string `json:"action"`
	Message string `json:"message,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

type accessor struct{ expression string }

func (a *accessor) GetExpression() string    { return a.expression }
func (a *accessor) ReturnTypes() []*cel.Type { return []*cel.Type{cel.AnyType} }

var (
	environments = environment.MustBaseEnvSet(version.MajorMinor(1, 34), true)
	declarations = plugincel.OptionalVariableDeclarations{StrictCost: true}
	pods         = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	podKind      = schema.GroupVersionKind{Version: "v1", Kind: "Pod"}
)

func main() {
	var shared vector
	data, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	if err := json.Unmarshal(data, &shared); err != nil {
		panic(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<24)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for lines.Scan() {
		var v vector
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			fmt.Fprintln(os.Stderr, lines.Text(), err)
			os.Exit(1)
		}
		v.Type, v.Value, v.CompileError, v.Error, v.Decisions, v.Annotations = "", nil, "", "", nil, nil
		if v.Policy != nil {
			evaluatePolicy(&v, &shared)
		} else {
			evaluateExpression(&v, &shared)
		}
		if err := out.Encode(v); err != nil {
			panic(err)
		}
	}
}

func evaluateExpression(v, shared *vector) {
	result := plugincel.NewCompiler(environments).CompileCELExpression(&accessor{v.Expression}, declarations, environment.NewExpressions)
	if result.Error != nil {
		v.CompileError = result.Error.Error()
		return
	}
	variables := map[string]any{
		"object":          orNull(shared.Object),
		"oldObject":       orNull(shared.OldObject),
		"request":         shared.Request,
		"namespaceObject": namespaceValue(shared.Namespace),
	}
	value, _, err := result.Program.Eval(variables)
	if err != nil {
		v.Error = err.Error()
		return
	}
	v.Type, v.Value = value.Type().TypeName(), encode(value)
}

func orNull(m map[string]any) any {
	if m == nil {
		return nil
	}
	return integers(m)
}

// integers gives numbers the form that the apiserver's decoder gives them.
func integers(value any) any {
	switch each := value.(type) {
	case map[string]any:
		made := map[string]any{}
		for key, member := range each {
			made[key] = integers(member)
		}
		return made
	case []any:
		made := make([]any, len(each))
		for i, member := range each {
			made[i] = integers(member)
		}
		return made
	case float64:
		if each == float64(int64(each)) {
			return int64(each)
		}
	}
	return value
}

func namespaceValue(namespace *corev1.Namespace) any {
	if namespace == nil {
		return nil
	}
	made, err := runtime.DefaultUnstructuredConverter.ToUnstructured(plugincel.CreateNamespaceObject(namespace))
	if err != nil {
		panic(err)
	}
	return made
}

// encode writes a value so that its type is told: strings, booleans, null and lists as themselves.
func encode(value ref.Val) any {
	switch each := value.(type) {
	case types.String:
		return string(each)
	case types.Bool:
		return bool(each)
	case types.Null:
		return map[string]any{"null": true}
	case types.Int:
		return map[string]any{"int": strconv.FormatInt(int64(each), 10)}
	case types.Uint:
		return map[string]any{"uint": strconv.FormatUint(uint64(each), 10)}
	case types.Double:
		return map[string]any{"double": strconv.FormatFloat(float64(each), 'g', -1, 64)}
	case types.Bytes:
		return map[string]any{"bytes": base64.StdEncoding.EncodeToString(each)}
	case types.Duration:
		return map[string]any{"duration": each.Duration.String()}
	case types.Timestamp:
		return map[string]any{"timestamp": each.Time.UTC().Format(time.RFC3339Nano)}
	case *types.Type:
		return map[string]any{"typeName": each.TypeName()}
	case *types.Optional:
		if !each.HasValue() {
			return map[string]any{"none": true}
		}
		return map[string]any{"some": encode(each.GetValue())}
	case traits.Lister:
		list := []any{}
		for iterator := each.Iterator(); iterator.HasNext() == types.True; {
			list = append(list, encode(iterator.Next()))
		}
		return list
	case traits.Mapper:
		entries := []any{}
		for iterator := each.Iterator(); iterator.HasNext() == types.True; {
			key := iterator.Next()
			entries = append(entries, []any{encode(key), encode(each.Get(key))})
		}
		sort.Slice(entries, func(i, j int) bool { return text(entries[i]) < text(entries[j]) })
		return map[string]any{"map": entries}
	}
	return map[string]any{"opaque": value.Type().TypeName()}
}

func text(value any) string {
	encoded, _ := json.Marshal(value)
	return string(encoded)
}

// evaluatePolicy does for one policy what the plugin's compilePolicy does, and asks its validator.
func evaluatePolicy(v, shared *vector) {
	spec := v.Policy
	options := plugincel.OptionalVariableDeclarations{StrictCost: true, HasAuthorizer: true}
	template, err := plugincel.NewCompositionEnv(plugincel.VariablesTypeName, environments)
	if err != nil {
		panic(err)
	}
	compiler := plugincel.NewCompositedCompilerFromTemplate(template)
	variables := []plugincel.NamedExpressionAccessor{}
	for _, each := range spec.Variables {
		variables = append(variables, &validating.Variable{Name: each.Name, Expression: each.Expression})
	}
	compiler.CompileAndStoreVariables(variables, options, environment.StoredExpressions)
	conditions := []plugincel.ExpressionAccessor{}
	for i := range spec.MatchConditions {
		conditions = append(conditions, (*matchconditions.MatchCondition)(&spec.MatchConditions[i]))
	}
	var matcher matchconditions.Matcher
	if len(conditions) > 0 {
		matcher = matchconditions.NewMatcher(compiler.CompileCondition(conditions, options, environment.StoredExpressions), spec.FailurePolicy, "policy", "validate", "p")
	}
	validations, messages := []plugincel.ExpressionAccessor{}, make([]plugincel.ExpressionAccessor, len(spec.Validations))
	for i, each := range spec.Validations {
		validations = append(validations, &validating.ValidationCondition{Expression: each.Expression, Message: each.Message, Reason: each.Reason})
		if each.MessageExpression != "" {
			messages[i] = &validating.MessageExpressionCondition{MessageExpression: each.MessageExpression}
		}
	}
	annotations := []plugincel.ExpressionAccessor{}
	for _, each := range spec.AuditAnnotations {
		annotations = append(annotations, &validating.AuditAnnotationCondition{Key: each.Key, ValueExpression: each.ValueExpression})
	}
	plain := plugincel.OptionalVariableDeclarations{StrictCost: true}
	validator := validating.NewValidator(
		compiler.CompileCondition(validations, options, environment.StoredExpressions),
		matcher,
		compiler.CompileCondition(annotations, options, environment.StoredExpressions),
		compiler.CompileCondition(messages, plain, environment.StoredExpressions),
		spec.FailurePolicy,
	)
	attributes := &admission.VersionedAttributes{
		Attributes: admission.NewAttributesRecord(object(shared.Object), object(shared.OldObject), podKind, name(shared.Object, "namespace"), name(shared.Object, "name"),
			pods, "", admission.Create, nil, false, &user.DefaultInfo{Name: "alice", Groups: []string{"dev"}}),
		VersionedKind:      podKind,
		VersionedObject:    object(shared.Object),
		VersionedOldObject: object(shared.OldObject),
	}
	result := validator.Validate(context.Background(), pods, attributes, nil, shared.Namespace, celconfig.RuntimeCELCostBudget, nil)
	v.Decisions = []decision{}
	for _, each := range result.Decisions {
		v.Decisions = append(v.Decisions, decision{string(each.Action), each.Message, string(each.Reason)})
	}
	for _, each := range result.AuditAnnotations {
		v.Annotations = append(v.Annotations, [3]string{each.Key, string(each.Action), each.Value})
	}
}

func object(value map[string]any) runtime.Object {
	if value == nil {
		return nil
	}
	return &unstructured.Unstructured{Object: integers(value).(map[string]any)}
}

func name(value map[string]any, key string) string {
	found, _, _ := unstructured.NestedString(value, "metadata", key)
	return found
}
