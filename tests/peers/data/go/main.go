// Kubernetes' own YAML reader, asked as peer_data is: a JSON array of texts on standard input, an answer for each.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"sigs.k8s.io/yaml"
)

type answer struct {
	OK      json.RawMessage `json:"ok,omitempty"`
	Refused string          `json:"refused,omitempty"`
}

func read(text string, convert func([]byte) ([]byte, error)) (a answer) {
	defer func() {
		if r := recover(); r != nil {
			a = answer{Refused: fmt.Sprint("panic: ", r)}
		}
	}()
	value, err := convert([]byte(text))
	if err != nil {
		return answer{Refused: err.Error()}
	}
	return answer{OK: value}
}

func main() {
	convert := yaml.YAMLToJSON
	if len(os.Args) == 2 && os.Args[1] == "strict" {
		convert = yaml.YAMLToJSONStrict
	}
	var texts []string
	if err := json.NewDecoder(os.Stdin).Decode(&texts); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	answers := make([]answer, len(texts))
	for i, text := range texts {
		answers[i] = read(text, convert)
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
