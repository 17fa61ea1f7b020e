// Judges a certificate of our CA with Go's certificate-transparency library: the promise in it, and that the entry which
// it promises is in the log.
//
//	service_ca LEAF.pem ISSUER.pem CTKEY.der ORIGIN
package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	stdx509 "crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	ct "github.com/google/certificate-transparency-go"
	"github.com/google/certificate-transparency-go/ctutil"
	"github.com/google/certificate-transparency-go/x509"
	"github.com/google/certificate-transparency-go/x509util"
	"golang.org/x/mod/sumdb/tlog"
)

func check(err error, what string) {
	if err != nil {
		fmt.Fprintln(os.Stderr, what+":", err)
		os.Exit(1)
	}
}

func certificate(path string) *x509.Certificate {
	text, err := os.ReadFile(path)
	check(err, path)
	block, _ := pem.Decode(text)
	if block == nil {
		check(fmt.Errorf("no PEM"), path)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if x509.IsFatal(err) {
		check(err, path)
	}
	return cert
}

func get(url string) []byte {
	answer, err := http.Get(url)
	check(err, url)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	check(err, url)
	if answer.StatusCode != 200 {
		check(fmt.Errorf("%s", answer.Status), url)
	}
	return body
}

// The index that C2SP's static-ct-api puts into a promise: extension 0, five bytes.
func leafIndex(sct *ct.SignedCertificateTimestamp) int64 {
	if len(sct.Extensions) != 8 || !bytes.Equal(sct.Extensions[:3], []byte{0, 0, 5}) {
		check(fmt.Errorf("%x", sct.Extensions), "extensions")
	}
	return int64(binary.BigEndian.Uint64(append([]byte{0, 0, 0}, sct.Extensions[3:]...)))
}

// A checkpoint whose signature is the key's.
func checkpoint(origin string, key *ecdsa.PublicKey) tlog.Tree {
	text, signatures, found := strings.Cut(string(get(origin+"/ct/checkpoint")), "\n\n")
	if !found {
		check(fmt.Errorf("no signature"), "checkpoint")
	}
	text += "\n"
	words := strings.Fields(signatures)
	signature, err := base64.StdEncoding.DecodeString(words[2])
	check(err, "checkpoint")
	digest := sha256.Sum256([]byte(text))
	if words[1] != strings.SplitN(text, "\n", 2)[0] || !ecdsa.VerifyASN1(key, digest[:], signature[4:]) {
		check(fmt.Errorf("not by the log's key"), "checkpoint")
	}
	lines := strings.Split(text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err, "checkpoint")
	root, err := tlog.ParseHash(lines[2])
	check(err, "checkpoint")
	return tlog.Tree{N: size, Hash: root}
}

type tiles string

func (t tiles) Height() int { return 8 }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range wanted {
		data = append(data, get(string(t)+"/ct/"+strings.Replace(tile.Path(), "tile/8/", "tile/", 1)))
	}
	return data, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func main() {
	chain := []*x509.Certificate{certificate(os.Args[1]), certificate(os.Args[2])}
	der, err := os.ReadFile(os.Args[3])
	check(err, os.Args[3])
	public, err := stdx509.ParsePKIXPublicKey(der)
	check(err, "log key")
	key := public.(*ecdsa.PublicKey)
	scts, err := x509util.ParseSCTsFromCertificate(chain[0].Raw)
	check(err, "promises")
	if len(scts) != 1 {
		check(fmt.Errorf("%d of them", len(scts)), "promises")
	}
	check(ctutil.VerifySCT(key, chain, scts[0], true), "promise")
	// ctutil.LeafHash leaves the extensions out, and RFC 6962 3.4 does not
	leaf, err := ct.MerkleTreeLeafForEmbeddedSCT(chain, scts[0].Timestamp)
	check(err, "leaf")
	leaf.TimestampedEntry.Extensions = scts[0].Extensions
	hash, err := ct.LeafHashForLeaf(leaf)
	check(err, "leaf")
	index, tree := leafIndex(scts[0]), checkpoint(os.Args[4], key)
	proof, err := tlog.ProveRecord(tree.N, index, tlog.TileHashReader(tree, tiles(os.Args[4])))
	check(err, "proof")
	check(tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.Hash(hash)), "inclusion")
	fmt.Printf("entry %d of %d\n", index, tree.N)
}
