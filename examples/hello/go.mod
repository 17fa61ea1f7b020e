module github.com/hallmark-project/hallmark/examples/hello

go 1.24.0

require (
	github.com/go-chi/chi/v5 v5.2.1
	github.com/google/uuid v1.6.0
	golang.org/x/time v0.12.0
	gopkg.in/yaml.v3 v3.0.1
)
