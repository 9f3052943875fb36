// Records what Helm's own template engine makes of templates that use the functions it adds to sprig.
// Run by hand, see README.md. With -stdin it renders templates from standard input, one JSON string a line.
package main

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
)

// helpers are the named templates that cases can include.
//
//go:embed helpers.tpl
var helpers []byte

type vector struct {
	Template string  `json:"template"`
	Output   *string `json:"output,omitempty"`
	Error    string  `json:"error,omitempty"`
}

func render(raw []byte, text string) vector {
	var data map[string]any
	if err := json.Unmarshal(raw, &data); err != nil {
		panic(err)
	}
	c := &chart.Chart{
		Metadata: &chart.Metadata{Name: "c", Version: "1.0.0"},
		Templates: []*chart.File{
			{Name: "templates/_helpers.tpl", Data: helpers},
			{Name: "templates/case", Data: []byte(text)},
		},
	}
	out, err := engine.Render(c, chartutil.Values{"Values": data})
	if err != nil {
		return vector{Template: text, Error: err.Error()}
	}
	text2 := out["c/templates/case"]
	return vector{Template: text, Output: &text2}
}

// templates is every function over every value, and some templates by hand.
func templates(data map[string]json.RawMessage, names []string) []string {
	var all []string
	for _, f := range []string{"toYaml", "toYamlPretty", "toJson", "toToml", "mustToJson", "toPrettyJson", "fromYaml", "fromYamlArray", "fromJson", "fromJsonArray", "required \"needed\""} {
		for _, n := range names {
			all = append(all, fmt.Sprintf("{{ %s .Values.%s }}", f, n), fmt.Sprintf("{{ .Values.%s | %s | indent 2 }}", n, f))
		}
		all = append(all, fmt.Sprintf("{{ %s . | len | lt 0 }}", f), fmt.Sprintf("{{ %s nil }}", f), fmt.Sprintf("{{ %s 7 }}", f), fmt.Sprintf("{{ %s .Values.absent }}", f))
	}
	// The words of a TOML error are the parser's own.
	for _, n := range names {
		all = append(all, fmt.Sprintf("{{ fromToml .Values.%s | keys | sortAlpha | toJson }}", n))
	}
	for _, f := range []string{"toYaml", "toYamlPretty"} {
		for i := range 72 {
			all = append(all, fmt.Sprintf("{{ %s (index .Values.strings %d) }}", f, i), fmt.Sprintf("{{ %s (dict \"k\" (list (index .Values.strings %d)) (index .Values.strings %d) 1) }}", f, i, i))
		}
	}
	return append(all, byHand...)
}

func main() {
	stdin := flag.Bool("stdin", false, "render templates from standard input")
	dataFile := flag.String("data", "data.json", "values")
	flag.Parse()
	raw, err := os.ReadFile(*dataFile)
	if err != nil {
		panic(err)
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	if *stdin {
		sc := bufio.NewScanner(os.Stdin)
		sc.Buffer(nil, 1<<24)
		for sc.Scan() {
			var text string
			if err := json.Unmarshal(sc.Bytes(), &text); err != nil {
				panic(err)
			}
			_ = enc.Encode(render(raw, text))
			out.Flush()
		}
		return
	}
	var data map[string]json.RawMessage
	if err := json.Unmarshal(raw, &data); err != nil {
		panic(err)
	}
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	_, _ = dec.Token()
	var names []string
	for dec.More() {
		t, _ := dec.Token()
		names = append(names, t.(string))
		var skip json.RawMessage
		_ = dec.Decode(&skip)
	}
	for _, text := range templates(data, names) {
		_ = enc.Encode(render(raw, text))
	}
}
