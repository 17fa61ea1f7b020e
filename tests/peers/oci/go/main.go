// Command oci answers as peer_oci does, by the package that the container tools read references with.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	_ "crypto/sha256"
	_ "crypto/sha512"

	"github.com/distribution/reference"
)

func main() {
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		text, _ := strings.CutPrefix(in.Text(), "reference ")
		ref, err := reference.ParseNormalizedNamed(text)
		if err != nil {
			fmt.Println("refused", err)
			continue
		}
		// A first part that is neither a registry nor a folder of docker.io slips through with no registry at all.
		if reference.Domain(ref) == "" {
			fmt.Println("refused: no registry")
			continue
		}
		fmt.Println(ref)
	}
}
