// Tekton's own types, asked as peer_pipeline is: a JSON array of texts on standard input, an answer for each. A text is
// refused when one of its documents is: by strict decoding, by Validate after SetDefaults as the webhook calls them, or
// by the order of its tasks.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	v1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"knative.dev/pkg/apis"
	"sigs.k8s.io/yaml"
)

type answer struct {
	OK      bool                `json:"ok"`
	Refused string              `json:"refused,omitempty"`
	Env     map[string][]string `json:"env,omitempty"`
}

type object interface {
	SetDefaults(context.Context)
	Validate(context.Context) *apis.FieldError
}

func check(text []byte, env map[string][]string) error {
	var head struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if err := yaml.Unmarshal(text, &head); err != nil {
		return err
	}
	var o object
	switch head.APIVersion + " " + head.Kind {
	case "tekton.dev/v1 Pipeline":
		o = &v1.Pipeline{}
	case "tekton.dev/v1 Task":
		o = &v1.Task{}
	case "tekton.dev/v1beta1 Pipeline":
		o = &v1beta1.Pipeline{}
	case "tekton.dev/v1beta1 Task":
		o = &v1beta1.Task{}
	default:
		return fmt.Errorf("no kind of Tekton's: %s %s", head.APIVersion, head.Kind)
	}
	if err := yaml.UnmarshalStrict(text, o); err != nil {
		return err
	}
	ctx := context.Background()
	ctx = apis.WithinCreate(ctx)
	o.SetDefaults(ctx)
	if err := o.Validate(ctx); err != nil {
		return err
	}
	if task, ok := o.(*v1.Task); ok {
		steps, err := v1.MergeStepsWithStepTemplate(task.Spec.StepTemplate, task.Spec.Steps)
		if err != nil {
			return err
		}
		for i, step := range steps {
			for _, e := range step.Env {
				key := fmt.Sprintf("%s/%d", task.Name, i)
				env[key] = append(env[key], e.Name+"="+e.Value)
			}
		}
	}
	return nil
}

func read(text string) (a answer) {
	defer func() {
		if r := recover(); r != nil {
			a = answer{Refused: fmt.Sprint("panic: ", r)}
		}
	}()
	a.Env = map[string][]string{}
	documents := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	for {
		document, err := documents.Read()
		if err == io.EOF {
			break
		}
		if err == nil && len(bytes.TrimSpace(document)) > 0 {
			err = check(document, a.Env)
		}
		if err != nil {
			return answer{Refused: err.Error()}
		}
	}
	a.OK = true
	return a
}

func main() {
	var texts []string
	if err := json.NewDecoder(os.Stdin).Decode(&texts); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	answers := make([]answer, len(texts))
	for i, text := range texts {
		answers[i] = read(text)
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
