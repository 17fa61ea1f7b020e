module github.com/hallmark-project/hallmark/examples/hostile

go 1.24.0
