// Writes the tables of Istio's mesh configuration: every message and enum that MeshConfig can reach, as protobuf
// descriptors and Go's own reflection know them. Run by hand, see README.md.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	meshconfig "istio.io/api/mesh/v1alpha1"
)

// oldestMinor is the oldest release that since.json covers: what it knows is said to have always been known.
const oldestMinor = 20

// since maps "Message.field" and "Enum:VALUE" to the first Istio minor release that knows it.
type since map[string]int

type reached struct {
	messages map[protoreflect.FullName]protoreflect.MessageDescriptor
	enums    map[protoreflect.FullName]protoreflect.EnumDescriptor
}

func (r *reached) visit(md protoreflect.MessageDescriptor) {
	if _, seen := r.messages[md.FullName()]; seen {
		return
	}
	r.messages[md.FullName()] = md
	for i := range md.Fields().Len() {
		fd := md.Fields().Get(i)
		if fd.IsMap() {
			if fd.MapKey().Kind() != protoreflect.StringKind {
				panic("map key that is not a string: " + fd.FullName())
			}
			fd = fd.MapValue()
		}
		if fd.Message() != nil {
			r.visit(fd.Message())
		}
		if fd.Enum() != nil {
			r.enums[fd.Enum().FullName()] = fd.Enum()
		}
	}
}

func sorted[V any](m map[protoreflect.FullName]V) []protoreflect.FullName {
	names := make([]protoreflect.FullName, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool { return names[i] < names[j] })
	return names
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return "'" + strings.Trim(string(b), `"`) + "'"
}

func elementType(fd protoreflect.FieldDescriptor) string {
	switch {
	case fd.Message() != nil:
		return "." + string(fd.Message().FullName())
	case fd.Enum() != nil:
		return "#" + string(fd.Enum().FullName())
	}
	switch kind := fd.Kind().String(); kind {
	case "string", "bool", "int32", "uint32", "int64", "uint64", "double", "float", "bytes":
		return kind
	default:
		panic("kind " + kind + " of " + string(fd.FullName()))
	}
}

func fieldType(fd protoreflect.FieldDescriptor) string {
	switch {
	case fd.IsMap():
		return "map:" + elementType(fd.MapValue())
	case fd.IsList():
		return "[]" + elementType(fd)
	default:
		return elementType(fd)
	}
}

// goField finds the struct field that carries fd: directly by its tag, or inside the oneof's wrapper struct.
func goField(message protoreflect.Message, fd protoreflect.FieldDescriptor) (goName, wrapper string) {
	structType := reflect.TypeOf(message.Interface()).Elem()
	if fd.ContainingOneof() == nil {
		return tagged(structType, fd), ""
	}
	value := message.New()
	value.Set(fd, value.NewField(fd))
	holder := reflect.ValueOf(value.Interface()).Elem().FieldByName(oneofField(structType, fd.ContainingOneof()))
	wrapperType := holder.Elem().Type().Elem()
	return tagged(wrapperType, fd), wrapperType.String()
}

func tagged(structType reflect.Type, fd protoreflect.FieldDescriptor) string {
	for i := range structType.NumField() {
		for _, part := range strings.Split(structType.Field(i).Tag.Get("protobuf"), ",") {
			if part == "name="+string(fd.Name()) {
				return structType.Field(i).Name
			}
		}
	}
	panic("no Go field for " + string(fd.FullName()))
}

func oneofField(structType reflect.Type, od protoreflect.OneofDescriptor) string {
	for i := range structType.NumField() {
		if structType.Field(i).Tag.Get("protobuf_oneof") == string(od.Name()) {
			return structType.Field(i).Name
		}
	}
	panic("no Go field for " + string(od.FullName()))
}

func requireGetter(pointer reflect.Type, goName string) {
	if _, found := pointer.MethodByName("Get" + goName); !found {
		panic(pointer.String() + " has no Get" + goName)
	}
}

// suffix writes when a member came, unless it came with its whole message or enum, whose own field says so then.
func suffix(from since, member string, owner int) string {
	first, known := from[member]
	if !known || first <= oldestMinor || first <= owner {
		return ""
	}
	return fmt.Sprintf(",%d", first)
}

func earliest(from since, prefix string) int {
	first := 1 << 30
	for name, minor := range from {
		if rest, found := strings.CutPrefix(name, prefix); found && !strings.Contains(rest, ".") {
			first = min(first, minor)
		}
	}
	return first
}

func messageRow(md protoreflect.MessageDescriptor, from since) string {
	mt, err := protoregistry.GlobalTypes.FindMessageByName(md.FullName())
	if err != nil {
		panic(err)
	}
	message := mt.New()
	pointer := reflect.TypeOf(message.Interface())
	owner := earliest(from, string(md.FullName())+".")
	out := &strings.Builder{}
	fmt.Fprintf(out, "[%s,%s,[", quote(string(md.FullName())), quote(pointer.Elem().String()))
	for i := range md.Oneofs().Len() {
		od := md.Oneofs().Get(i)
		if od.IsSynthetic() {
			panic("optional field " + string(od.FullName()))
		}
		goName := oneofField(pointer.Elem(), od)
		requireGetter(pointer, goName)
		if i > 0 {
			out.WriteString(",")
		}
		fmt.Fprintf(out, "[%s,%s]", quote(string(od.Name())), quote(goName))
	}
	out.WriteString("],[\n")
	for i := range md.Fields().Len() {
		fd := md.Fields().Get(i)
		goName, wrapper := goField(message, fd)
		requireGetter(pointer, goName)
		oneof := ""
		if od := fd.ContainingOneof(); od != nil {
			oneof = fmt.Sprintf(",%d,%s", od.Index(), quote(wrapper))
		}
		tail := suffix(from, string(fd.FullName()), owner)
		if tail != "" && oneof == "" {
			oneof = ",-1,''"
		}
		fmt.Fprintf(out, "[%s,%s,%s,%d,%s%s%s],\n", quote(string(fd.Name())), quote(fd.JSONName()), quote(goName), fd.Number(),
			quote(fieldType(fd)), oneof, tail)
	}
	out.WriteString("]],\n")
	return out.String()
}

func enumRow(ed protoreflect.EnumDescriptor, from since) string {
	et, err := protoregistry.GlobalTypes.FindEnumByName(ed.FullName())
	if err != nil {
		panic(err)
	}
	prefix := string(ed.FullName()) + ":"
	owner := earliest(from, prefix)
	out := &strings.Builder{}
	fmt.Fprintf(out, "[%s,%s,[", quote(string(ed.FullName())), quote(reflect.TypeOf(et.New(0)).String()))
	for i := range ed.Values().Len() {
		value := ed.Values().Get(i)
		if i > 0 {
			out.WriteString(",")
		}
		tail := suffix(from, prefix+string(value.Name()), owner)
		fmt.Fprintf(out, "[%s,%d%s]", quote(string(value.Name())), value.Number(), tail)
	}
	out.WriteString("]],\n")
	return out.String()
}

const header = `// Generated by test/vectors/istio-mesh-schema from istio.io/api's descriptors (see its README). Do not edit.
/** A message: full name, Go type, oneofs as [name, Go field], fields in declared order. */
export type MessageRow = readonly [
  name: string,
  goType: string,
  oneofs: readonly (readonly [name: string, goName: string])[],
  fields: readonly FieldRow[],
];
/**
 * A field. Type: a scalar, '.MESSAGE' or '#ENUM'; '[]' before it when repeated, 'map:' for a map from string. oneof: index, -1 for
 * none. since: the first Istio minor release that knows it; absent for 20 and earlier.
 */
export type FieldRow = readonly [
  name: string,
  jsonName: string,
  goName: string,
  number: number,
  type: string,
  oneof?: number,
  wrapperGoType?: string,
  since?: number,
];
export type EnumRow = readonly [name: string, goType: string, values: readonly (readonly [name: string, number: number, since?: number])[]];

`

func readSince(file string) since {
	from := since{}
	b, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(b, &from)
	}
	if err != nil && !os.IsNotExist(err) {
		panic(err)
	}
	return from
}

// record adds what this build of istio.io/api knows and `from` does not yet have.
func record(from since, r *reached, minor int) {
	add := func(name string) {
		if strings.HasPrefix(name, "google.protobuf.") {
			return
		}
		if _, known := from[name]; !known {
			from[name] = minor
		}
	}
	for _, md := range r.messages {
		for i := range md.Fields().Len() {
			add(string(md.Fields().Get(i).FullName()))
		}
	}
	for _, ed := range r.enums {
		for i := range ed.Values().Len() {
			add(string(ed.FullName()) + ":" + string(ed.Values().Get(i).Name()))
		}
	}
}

func main() {
	sinceFile := flag.String("since", "since.json", "which minor release first knew a field or value")
	minor := flag.Int("record", 0, "add this build's fields to the since file as new in that minor release, and write nothing else")
	flag.Parse()
	r := &reached{
		messages: map[protoreflect.FullName]protoreflect.MessageDescriptor{},
		enums:    map[protoreflect.FullName]protoreflect.EnumDescriptor{},
	}
	r.visit((&meshconfig.MeshConfig{}).ProtoReflect().Descriptor())
	from := readSince(*sinceFile)
	if *minor > 0 {
		record(from, r, *minor)
		b, err := json.MarshalIndent(from, "", "  ")
		if err != nil {
			panic(err)
		}
		if err := os.WriteFile(*sinceFile, append(b, '\n'), 0o644); err != nil {
			panic(err)
		}
		return
	}
	fmt.Print(header)
	fmt.Print("export const MESSAGES: readonly MessageRow[] = [\n")
	for _, name := range sorted(r.messages) {
		fmt.Print(messageRow(r.messages[name], from))
	}
	fmt.Print("];\n\nexport const ENUMS: readonly EnumRow[] = [\n")
	for _, name := range sorted(r.enums) {
		fmt.Print(enumRow(r.enums[name], from))
	}
	fmt.Print("];\n")
}
