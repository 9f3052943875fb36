// Command vectors answers template cases with what Go's own text/template makes of them.
//
// It reads one case a line on stdin and writes the same line with `output` or `error` set anew. README.md explains the format.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"reflect"
	"regexp"
	"text/template"
)

// Point, Color, Level and Node are the named types that a case's data may use.
type Point struct{ X, Y int }

func (p Point) Sum() int { return p.X + p.Y }

type Color string

type Level int32

func (l Level) String() string { return fmt.Sprintf("level-%d", int32(l)) }

type Node struct {
	Name  string
	Next  *Node
	Tags  []string
	Attrs map[string]string
	Any   any
	Flag  *bool
	Small int32
	Ratio float32
	At    Point
}

func (n *Node) Title() string { return "<" + n.Name + ">" }

type failure string

func (f failure) Error() string { return "failed: " + string(f) }

var namedTypes = map[string]reflect.Type{
	"bool": reflect.TypeFor[bool](), "string": reflect.TypeFor[string](), "any": reflect.TypeFor[any](),
	"int": reflect.TypeFor[int](), "int8": reflect.TypeFor[int8](), "int16": reflect.TypeFor[int16](),
	"int32": reflect.TypeFor[int32](), "int64": reflect.TypeFor[int64](),
	"uint": reflect.TypeFor[uint](), "uint8": reflect.TypeFor[uint8](), "uint16": reflect.TypeFor[uint16](),
	"uint32": reflect.TypeFor[uint32](), "uint64": reflect.TypeFor[uint64](), "uintptr": reflect.TypeFor[uintptr](),
	"float32": reflect.TypeFor[float32](), "float64": reflect.TypeFor[float64](),
	"main.Point": reflect.TypeFor[Point](), "main.Color": reflect.TypeFor[Color](),
	"main.Level": reflect.TypeFor[Level](), "main.Node": reflect.TypeFor[Node](),
}

// functions has one function of each parameter kind, so that cases can try argument checks.
var functions = template.FuncMap{
	"takeString":  func(s string) string { return "s:" + s },
	"takeInt":     func(n int) string { return fmt.Sprint("i:", n) },
	"takeInt64":   func(n int64) string { return fmt.Sprint("l:", n) },
	"takeInt8":    func(n int8) string { return fmt.Sprint("b:", n) },
	"takeUint":    func(n uint) string { return fmt.Sprint("u:", n) },
	"takeFloat":   func(n float64) string { return fmt.Sprint("f:", n) },
	"takeFloat32": func(n float32) string { return fmt.Sprint("g:", n) },
	"takeBool":    func(b bool) string { return fmt.Sprint("t:", b) },
	"takeAny":     func(v any) string { return fmt.Sprintf("a:%T:%v", v, v) },
	"takeMap":     func(m map[string]any) string { return fmt.Sprint("m:", len(m), m == nil) },
	"takeSlice":   func(l []any) string { return fmt.Sprint("n:", len(l), l == nil) },
	"takeStrings": func(l []string) string { return fmt.Sprint("w:", len(l)) },
	"takePoint":   func(p Point) string { return fmt.Sprint("p:", p) },
	"takePointer": func(p *Point) string { return fmt.Sprint("q:", p == nil) },
	"takeRest":    func(s string, rest ...int) string { return fmt.Sprint("r:", s, rest) },
	"takeAnys":    func(rest ...any) string { return fmt.Sprintf("x:%d:%v", len(rest), rest) },
	"giveNil":     func() any { return nil },
	"giveInt64":   func() int64 { return 5 },
	"giveMap":     func() map[string]any { return map[string]any{"a": map[string]any{"b": "c"}} },
	"giveStrings": func() []string { return []string{"x", "y"} },
	"fail":        func(s string) (string, error) { return "", failure(s) },
}

// address finds pointers in messages: they would change with every recording.
var address = regexp.MustCompile(`0x[0-9a-f]{9,}`)

type testCase struct {
	Template   string            `json:"template"`
	Named      map[string]string `json:"named,omitempty"`
	MissingKey string            `json:"missingKey,omitempty"`
	Data       json.RawMessage   `json:"data,omitempty"`
	Output     *string           `json:"output,omitempty"`
	Error      string            `json:"error,omitempty"`
}

func main() {
	var shared any
	if len(os.Args) > 1 {
		text, err := os.ReadFile(os.Args[1])
		if err != nil {
			log.Fatal(err)
		}
		shared = build(text)
	}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<24)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for in.Scan() {
		var c testCase
		if err := json.Unmarshal(in.Bytes(), &c); err != nil {
			log.Fatal(err)
		}
		run(&c, shared)
		if err := encoder.Encode(c); err != nil {
			log.Fatal(err)
		}
	}
}

func run(c *testCase, shared any) {
	c.Output, c.Error = nil, ""
	defer func() {
		if r := recover(); r != nil {
			c.Error = fmt.Sprint("panic: ", r)
		}
	}()
	data := shared
	if c.Data != nil {
		data = build(c.Data)
	}
	t := template.New("main").Funcs(functions)
	if c.MissingKey != "" {
		t = t.Option("missingkey=" + c.MissingKey)
	}
	fail := func(err error) { c.Error = address.ReplaceAllString(err.Error(), "0x0") }
	if _, err := t.Parse(c.Template); err != nil {
		fail(err)
		return
	}
	for name, text := range c.Named {
		if _, err := t.New(name).Parse(text); err != nil {
			fail(err)
			return
		}
	}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		fail(err)
		return
	}
	text := b.String()
	c.Output = &text
}

// build decodes JSON; an object {"$type": T, "$data": D} becomes D as a value of type T.
func build(text []byte) any {
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		log.Fatal(err)
	}
	return convert(v)
}

func convert(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = convert(v[i])
		}
	case map[string]any:
		if t, ok := v["$type"]; ok {
			target := reflect.New(typeOf(t))
			text, err := json.Marshal(v["$data"])
			if err == nil {
				err = json.Unmarshal(text, target.Interface())
			}
			if err != nil {
				log.Fatal(err)
			}
			return target.Elem().Interface()
		}
		for k := range v {
			v[k] = convert(v[k])
		}
	}
	return v
}

// typeOf reads a type: a name, {"slice": T}, {"map": [K, V]}, {"pointer": T} or {"struct": [[name, T], …]}.
func typeOf(t any) reflect.Type {
	switch t := t.(type) {
	case string:
		if named, ok := namedTypes[t]; ok {
			return named
		}
	case map[string]any:
		if elem, ok := t["slice"]; ok {
			return reflect.SliceOf(typeOf(elem))
		}
		if elem, ok := t["pointer"]; ok {
			return reflect.PointerTo(typeOf(elem))
		}
		if pair, ok := t["map"].([]any); ok {
			return reflect.MapOf(typeOf(pair[0]), typeOf(pair[1]))
		}
		if list, ok := t["struct"].([]any); ok {
			var fields []reflect.StructField
			for _, f := range list {
				pair := f.([]any)
				fields = append(fields, reflect.StructField{Name: pair[0].(string), Type: typeOf(pair[1])})
			}
			return reflect.StructOf(fields)
		}
	}
	log.Fatalf("unknown type %v", t)
	return nil
}
