// What rekor-tiles' own clients, Tessera's and Go's readers of tiles say of a log, and the same requests to two servers.
//
//	service_log write BASE ORIGIN KEY.pem     an entry for each kind of key, its proof and checkpoint verified
//	service_log read BASE ORIGIN KEY.pem      every entry proven by two readers of tiles
//	service_log both OURS THEIRS              the same bytes to both: the same statuses and the same entries
package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	v1 "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	"github.com/sigstore/rekor-tiles/v2/pkg/client/read"
	"github.com/sigstore/rekor-tiles/v2/pkg/client/write"
	pb "github.com/sigstore/rekor-tiles/v2/pkg/generated/protobuf"
	"github.com/sigstore/rekor-tiles/v2/pkg/note"
	"github.com/sigstore/rekor-tiles/v2/pkg/types/hashedrekord"
	"github.com/sigstore/rekor-tiles/v2/pkg/verify"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/client"
	sumdbtlog "golang.org/x/mod/sumdb/tlog"
	"google.golang.org/protobuf/encoding/protojson"
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

// sample is a request and what it is called.
type sample struct {
	name    string
	request *pb.HashedRekordRequestV002
}

type kind struct {
	name    string
	details v1.PublicKeyDetails
	hash    crypto.Hash
	key     crypto.Signer
	opts    crypto.SignerOpts
}

func kinds() []kind {
	ec := func(c elliptic.Curve) crypto.Signer { return must(ecdsa.GenerateKey(c, rand.Reader)) }
	rs := func(bits int) crypto.Signer { return must(rsa.GenerateKey(rand.Reader, bits)) }
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	check(err)
	return []kind{
		{"p256", v1.PublicKeyDetails_PKIX_ECDSA_P256_SHA_256, crypto.SHA256, ec(elliptic.P256()), crypto.SHA256},
		{"p384", v1.PublicKeyDetails_PKIX_ECDSA_P384_SHA_384, crypto.SHA384, ec(elliptic.P384()), crypto.SHA384},
		{"p521", v1.PublicKeyDetails_PKIX_ECDSA_P521_SHA_512, crypto.SHA512, ec(elliptic.P521()), crypto.SHA512},
		{"rsa2048", v1.PublicKeyDetails_PKIX_RSA_PKCS1V15_2048_SHA256, crypto.SHA256, rs(2048), crypto.SHA256},
		{"rsa3072", v1.PublicKeyDetails_PKIX_RSA_PKCS1V15_3072_SHA256, crypto.SHA256, rs(3072), crypto.SHA256},
		{"rsa4096", v1.PublicKeyDetails_PKIX_RSA_PKCS1V15_4096_SHA256, crypto.SHA256, rs(4096), crypto.SHA256},
		{"ed25519ph", v1.PublicKeyDetails_PKIX_ED25519_PH, crypto.SHA512, ed, &ed25519.Options{Hash: crypto.SHA512}},
	}
}

func certificate(key crypto.Signer) []byte {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, EmailAddresses: []string{"joe@example.com"},
		NotBefore: time.Now(), NotAfter: time.Now().Add(10 * time.Minute),
	}
	return must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))
}

// samples are requests for a message, with each kind of key, bare and in a certificate.
func samples(message string) []sample {
	var found []sample
	for _, k := range kinds() {
		hasher := k.hash.New()
		hasher.Write([]byte(message))
		digest := hasher.Sum(nil)
		content := must(k.key.Sign(rand.Reader, digest, k.opts))
		for _, form := range []string{"key", "certificate"} {
			verifier := &pb.Verifier{KeyDetails: k.details}
			if form == "key" {
				verifier.Verifier = &pb.Verifier_PublicKey{PublicKey: &pb.PublicKey{
					RawBytes: must(x509.MarshalPKIXPublicKey(k.key.Public()))}}
			} else {
				verifier.Verifier = &pb.Verifier_X509Certificate{X509Certificate: &v1.X509Certificate{
					RawBytes: certificate(k.key)}}
			}
			found = append(found, sample{k.name + "/" + form, &pb.HashedRekordRequestV002{
				Digest: digest, Signature: &pb.Signature{Content: content, Verifier: verifier}}})
		}
	}
	return found
}

func publicKey(path string) crypto.PublicKey {
	block, _ := pem.Decode(must(os.ReadFile(path)))
	if block == nil {
		check(fmt.Errorf("%s is no PEM", path))
	}
	return must(x509.ParsePKIXPublicKey(block.Bytes))
}

func writeAll(base, origin, keyFile string) {
	key := publicKey(keyFile)
	verifier := must(note.NewNoteVerifier(origin, must(signature.LoadDefaultVerifier(key))))
	_, logID, err := note.KeyHash(origin, key)
	check(err)
	writer := must(write.NewWriter(base))
	for _, s := range samples("written by rekor-tiles' client") {
		entry := must(writer.Add(context.Background(), s.request))
		check(verify.VerifyLogEntry(entry, verifier))
		hash := must(hashedrekord.ToEntryHash(s.request.Digest, s.request.Signature))
		check(verify.VerifyLogEntryWithHash(entry, verifier, hash))
		if !bytes.Equal(entry.LogId.KeyId, logID) || entry.KindVersion.Kind != "hashedrekord" ||
			entry.KindVersion.Version != "0.0.2" || entry.IntegratedTime != 0 || entry.InclusionPromise != nil {
			check(fmt.Errorf("%s: %s", s.name, protojson.Format(entry)))
		}
		fmt.Println(s.name, entry.LogIndex)
	}
}

// tiles lets Go's reader of tiles read those of tlog-tiles, whose paths lack the height.
type tiles struct {
	base string
}

func (t tiles) Height() int                          { return 8 }
func (t tiles) SaveTiles([]sumdbtlog.Tile, [][]byte) {}
func (t tiles) ReadTiles(wanted []sumdbtlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		data, err := fetch(t.base + "/" + strings.Replace(tile.Path(), "tile/8/", "tile/", 1))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func fetch(address string) ([]byte, error) {
	answer, err := http.Get(address)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		return nil, fmt.Errorf("%s: %s", address, answer.Status)
	}
	return io.ReadAll(answer.Body)
}

func readAll(base, origin, keyFile string) {
	ctx := context.Background()
	reader := must(read.NewReader(base, origin, must(signature.LoadDefaultVerifier(publicKey(keyFile)))))
	checkpoint, _, err := reader.ReadCheckpoint(ctx)
	check(err)
	root := must(url.Parse(base + "/"))
	fetcher := must(client.NewHTTPFetcher(root, nil))
	builder := must(client.NewProofBuilder(ctx, checkpoint.Size, fetcher.ReadTile))
	var tree sumdbtlog.Tree
	tree.N = int64(checkpoint.Size)
	copy(tree.Hash[:], checkpoint.Hash)
	hashes := sumdbtlog.TileHashReader(tree, tiles{base})
	for i := uint64(0); i < checkpoint.Size; i++ {
		bundle := must(client.GetEntryBundle(ctx, fetcher.ReadEntryBundle, i/256, checkpoint.Size))
		entry := bundle.Entries[i%256]
		path := must(builder.InclusionProof(ctx, i))
		leaf := rfc6962.DefaultHasher.HashLeaf(entry)
		check(proof.VerifyInclusion(rfc6962.DefaultHasher, i, checkpoint.Size, leaf, path, checkpoint.Hash))
		record := must(sumdbtlog.ProveRecord(tree.N, int64(i), hashes))
		check(sumdbtlog.CheckRecord(record, tree.N, tree.Hash, int64(i), sumdbtlog.RecordHash(entry)))
	}
	for old := uint64(1); old < checkpoint.Size; old += 1 + old/3 {
		path := must(builder.ConsistencyProof(ctx, old, checkpoint.Size))
		before := must(sumdbtlog.TreeHash(int64(old), hashes))
		check(proof.VerifyConsistency(rfc6962.DefaultHasher, old, checkpoint.Size, path, before[:], checkpoint.Hash))
	}
	fmt.Println(checkpoint.Size)
}

type answer struct {
	status int
	index  string // x-log-index
	body   []byte
}

func post(base string, body []byte) answer {
	res := must(http.Post(base+"/api/v2/log/entries", "application/json", bytes.NewReader(body)))
	defer res.Body.Close()
	return answer{res.StatusCode, res.Header.Get("x-log-index"), must(io.ReadAll(res.Body))}
}

// canonical is the entry in an answer, which must have the same members on both sides.
func canonical(a answer) (body string, members string) {
	var entry map[string]json.RawMessage
	check(json.Unmarshal(a.body, &entry))
	var encoded string
	check(json.Unmarshal(entry["canonicalizedBody"], &encoded))
	body = string(must(base64.StdEncoding.DecodeString(encoded)))
	var inner map[string]json.RawMessage
	check(json.Unmarshal(entry["inclusionProof"], &inner))
	for _, name := range []string{"logIndex", "logId", "kindVersion", "integratedTime", "inclusionPromise", "inclusionProof"} {
		if _, ok := entry[name]; ok {
			members += name + " "
		}
	}
	members += fmt.Sprint(len(entry), string(entry["kindVersion"]), string(entry["integratedTime"]),
		string(entry["inclusionPromise"]), len(inner))
	return body, strings.ReplaceAll(members, " ", "")
}

type named struct {
	name string
	body []byte
}

func both(ours, theirs string) {
	good := samples("the same bytes to both")
	var requests []named
	for i, s := range good {
		request := &pb.CreateEntryRequest{Spec: &pb.CreateEntryRequest_HashedRekordRequestV002{HashedRekordRequestV002: s.request}}
		options := protojson.MarshalOptions{UseProtoNames: i%2 == 1, UseEnumNumbers: i%3 == 1, Multiline: i%4 == 3}
		requests = append(requests, named{s.name, must(options.Marshal(request))})
	}
	text := string(requests[0].body)
	replace := func(name, from, to string) named {
		if !strings.Contains(text, from) {
			check(fmt.Errorf("there is no %s in %s", from, text))
		}
		return named{name, []byte(strings.Replace(text, from, to, 1))}
	}
	requests = append(requests,
		named{"the same again", requests[0].body},
		named{"empty", nil}, named{"no object", []byte("[]")}, named{"nothing in it", []byte("{}")},
		named{"cut", requests[0].body[:len(text)-1]},
		replace("unknown member", "{", `{"more":1,`),
		replace("unknown details", "PKIX_ECDSA_P256_SHA_256", "PKIX_UNKNOWN"),
		replace("another details", "PKIX_ECDSA_P256_SHA_256", "PKIX_ECDSA_P384_SHA_384"),
		replace("no details", `"keyDetails"`, `"KeyDetails"`),
		replace("other case", `"digest"`, `"Digest"`),
		replace("other digest", `"digest":"`, `"digest":"AAAA`),
		replace("other signature", `"content":"`, `"content":"AAAA`),
		replace("no Base64", `"content":"`, `"content":"!`),
		replace("other key", `"rawBytes":"`, `"rawBytes":"AAAA`),
		replace("DSSE", "hashedRekordRequestV002", "dsseRequestV002"),
		named{"DSSE alone", []byte(`{"dsseRequestV002":{}}`)},
	)
	for _, r := range requests {
		a, b := post(ours, r.body), post(theirs, r.body)
		if a.status != b.status {
			check(fmt.Errorf("%s: ours %d %s, theirs %d %s", r.name, a.status, a.body, b.status, b.body))
		}
		if (a.index == "") != (b.index == "") {
			check(fmt.Errorf("%s: x-log-index: ours '%s', theirs '%s'", r.name, a.index, b.index))
		}
		if a.status == 201 {
			ourBody, ourMembers := canonical(a)
			theirBody, theirMembers := canonical(b)
			if ourBody != theirBody || ourMembers != theirMembers {
				check(fmt.Errorf("%s: ours %s %s, theirs %s %s", r.name, ourBody, ourMembers, theirBody, theirMembers))
			}
		} else {
			var ourError, theirError struct{ Code int }
			check(json.Unmarshal(a.body, &ourError))
			check(json.Unmarshal(b.body, &theirError))
			if ourError.Code != theirError.Code {
				check(fmt.Errorf("%s: ours %s, theirs %s", r.name, a.body, b.body))
			}
		}
		fmt.Println(a.status, r.name)
	}
	// The peer looks at the key's kind and the digest's length only, and logs what does not fit together.
	lie := replace("details of another kind of key", "PKIX_ECDSA_P256_SHA_256", "PKIX_RSA_PSS_2048_SHA256")
	a, b := post(ours, lie.body), post(theirs, lie.body)
	if a.status != 400 || b.status != 201 {
		check(fmt.Errorf("%s: ours %d, theirs %d", lie.name, a.status, b.status))
	}
	fmt.Println(a.status, lie.name)
}

func main() {
	switch {
	case len(os.Args) == 5 && os.Args[1] == "write":
		writeAll(os.Args[2], os.Args[3], os.Args[4])
	case len(os.Args) == 5 && os.Args[1] == "read":
		readAll(os.Args[2]+"/api/v2", os.Args[3], os.Args[4])
	case len(os.Args) == 4 && os.Args[1] == "both":
		both(os.Args[2], os.Args[3])
	default:
		os.Exit(2)
	}
}
