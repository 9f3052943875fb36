// Writes which Kubernetes minor release first knew each field of the core/v1 types, for fields newer than the oldest release looked at.
// See README.md.
package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
)

const oldest, newest = 28, 36

func main() {
	since := map[string]int{}
	for minor := oldest; minor <= newest; minor++ {
		for _, field := range fieldsOf(minor) {
			if _, known := since[field]; !known {
				since[field] = minor
			}
		}
	}
	for field, minor := range since {
		if minor == oldest {
			delete(since, field)
		}
	}
	out, err := json.MarshalIndent(since, "", "  ")
	check(err)
	fmt.Println(string(out))
}

// fieldsOf lists `TYPE.member` of all structs, members by their JSON names.
func fieldsOf(minor int) []string {
	download := exec.Command("go", "mod", "download", "-json", fmt.Sprintf("k8s.io/api@v0.%d.0", minor))
	text, err := download.Output()
	check(err)
	var module struct{ Dir string }
	check(json.Unmarshal(text, &module))
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(module.Dir, "core/v1/types.go"), nil, 0)
	check(err)
	var fields []string
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.TypeSpec)
		if !ok {
			return true
		}
		structure, ok := spec.Type.(*ast.StructType)
		if !ok {
			return false
		}
		for _, field := range structure.Fields.List {
			if field.Tag == nil {
				continue
			}
			tag, err := strconv.Unquote(field.Tag.Value)
			check(err)
			name, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
			if name != "" && name != "-" {
				fields = append(fields, "v1."+spec.Name.Name+"."+name)
			}
		}
		return false
	})
	return fields
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
