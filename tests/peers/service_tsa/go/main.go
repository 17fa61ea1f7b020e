// What the libraries of Sigstore's timestamp-authority say of an authority's answers.
//
//	service_tsa verify BASE CHAIN.pem     stamps by each hash, with and without nonce, certificates and policy
package main

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"

	"github.com/digitorus/timestamp"
	"github.com/sigstore/timestamp-authority/v2/pkg/verification"
)

func check(err error) {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

func must[T any](v T, err error) T {
	check(err)
	return v
}

func chain(path string) []*x509.Certificate {
	var found []*x509.Certificate
	rest := must(os.ReadFile(path))
	for {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			return found
		}
		found = append(found, must(x509.ParseCertificate(block.Bytes)))
	}
}

func ask(base string, query []byte) []byte {
	res := must(http.Post(base+"/api/v1/timestamp", "application/timestamp-query", bytes.NewReader(query)))
	defer res.Body.Close()
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/timestamp-reply" {
		check(fmt.Errorf("%s, %s", res.Status, res.Header.Get("Content-Type")))
	}
	return must(io.ReadAll(res.Body))
}

func main() {
	if len(os.Args) != 4 || os.Args[1] != "verify" {
		os.Exit(2)
	}
	certs := chain(os.Args[3])
	policy := asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 2}
	artifact := []byte("an artifact")
	serials := map[string]bool{}
	for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		for i := 0; i < 8; i++ {
			opts := &timestamp.RequestOptions{Hash: hash, Certificates: i&1 != 0}
			verify := verification.VerifyOpts{TSACertificate: certs[0], Roots: certs[len(certs)-1:],
				Intermediates: certs[1 : len(certs)-1], OID: policy, CommonName: certs[0].Subject.CommonName}
			if i&2 != 0 {
				opts.Nonce = new(big.Int).Lsh(big.NewInt(0xfedcba98), uint(16*i))
				verify.Nonce = opts.Nonce
			}
			if i&4 != 0 {
				opts.TSAPolicyOID = policy
			}
			reply := ask(os.Args[2], must(timestamp.CreateRequest(bytes.NewReader(artifact), opts)))
			stamp := must(verification.VerifyTimestampResponse(reply, bytes.NewReader(artifact), verify))
			if _, err := verification.VerifyTimestampResponse(reply, bytes.NewReader([]byte("other")), verify); err == nil {
				check(fmt.Errorf("another artifact was accepted"))
			}
			if len(stamp.Certificates) > 0 != opts.Certificates || stamp.Qualified || stamp.Ordering ||
				stamp.Accuracy.Seconds() != 1 {
				check(fmt.Errorf("%+v", stamp))
			}
			serials[stamp.SerialNumber.String()] = true
		}
	}
	fmt.Println(len(serials))
}
