// Go's own notes and logs, speaking what peer_tlog.c speaks: one command a line, one answer a line.
package main

import (
	"bufio"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// hashes is a log in memory, as StoredHashes lays it out.
type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for _, i := range indexes {
		if i >= int64(len(h)) {
			return nil, fmt.Errorf("no hash %d", i)
		}
		out = append(out, h[i])
	}
	return out, nil
}

// log makes the log whose leaf i is "leaf i".
func log(size int64) hashes {
	var h hashes
	for i := int64(0); i < size; i++ {
		more, err := tlog.StoredHashes(i, []byte(fmt.Sprintf("leaf %d", i)), h)
		if err != nil {
			panic(err)
		}
		h = append(h, more...)
	}
	return h
}

// c2sp turns tile/8/0/000 and tile/8/data/000 into what C2SP calls them; goPath turns them back.
func c2sp(path string) string {
	return strings.Replace("tile/"+strings.TrimPrefix(path, "tile/8/"), "tile/data/", "tile/entries/", 1)
}

func goPath(path string) string {
	return strings.Replace("tile/8/"+strings.TrimPrefix(path, "tile/"), "tile/8/entries/", "tile/8/data/", 1)
}

// folder reads tiles that were written by the names of C2SP.
type folder string

func (f folder) Height() int { return height }

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, t := range tiles {
		data, err := os.ReadFile(filepath.Join(string(f), c2sp(t.Path())))
		if err != nil {
			return nil, err
		}
		out = append(out, data)
	}
	return out, nil
}

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func hash(s string) (h tlog.Hash) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(h) {
		panic(s)
	}
	copy(h[:], b)
	return h
}

func words(hs ...tlog.Hash) string {
	var b strings.Builder
	for _, h := range hs {
		fmt.Fprintf(&b, "%x ", h[:])
	}
	return b.String()
}

func proof(args []string) (p []tlog.Hash) {
	for _, a := range args {
		p = append(p, hash(a))
	}
	return p
}

// grow FOLDER SIZE...: writes the tiles of each size, as a Go log does.
func grow(args []string) (string, error) {
	var old int64
	var root tlog.Hash
	last := number(args[len(args)-1])
	all := log(last)
	for _, a := range args[1:] {
		size := number(a)
		for _, t := range tlog.NewTiles(height, old, size) {
			data, err := tlog.ReadTileData(t, all)
			if err != nil {
				return "", err
			}
			path := filepath.Join(args[0], c2sp(t.Path()))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return "", err
			}
			if err := os.WriteFile(path, data, 0o644); err != nil {
				return "", err
			}
		}
		old = size
	}
	root, err := tlog.TreeHash(last, all)
	return words(root), err
}

// prove reads from the folder's tiles, which TileHashReader holds against the root of the log itself.
func prove(kind string, args []string) (string, error) {
	size := number(args[len(args)-1])
	root, err := tlog.TreeHash(size, log(size))
	if err != nil {
		return "", err
	}
	reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, folder(args[0]))
	switch kind {
	case "root":
		h, err := tlog.TreeHash(size, reader)
		return words(h), err
	case "inclusion":
		index := number(args[1])
		leaf, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
		if err != nil {
			return "", err
		}
		p, err := tlog.ProveRecord(size, index, reader)
		return words(append(leaf, p...)...), err
	default:
		p, err := tlog.ProveTree(size, number(args[1]), reader)
		return words(p...), err
	}
}

func parse(path string) (string, error) {
	t, err := tlog.ParseTilePath(goPath(path))
	if err != nil {
		return "", err
	}
	if t.L == -1 {
		return fmt.Sprintf("entries 0 %d %d ", t.N, t.W), nil
	}
	return fmt.Sprintf("hashes %d %d %d ", t.L, t.N, t.W), nil
}

// signer reads an Ed25519 key in PKCS #8 and makes Go's own text of it.
func signer(path, name string) (note.Signer, string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, "", err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, "", errors.New("no PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, "", err
	}
	private := key.(ed25519.PrivateKey)
	verifier, err := note.NewEd25519VerifierKey(name, private.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, "", err
	}
	id := strings.SplitN(verifier, "+", 3)[1]
	text := "PRIVATE+KEY+" + name + "+" + id + "+" +
		base64.StdEncoding.EncodeToString(append([]byte{1}, private.Seed()...))
	s, err := note.NewSigner(text)
	return s, verifier, err
}

func sign(args []string) (string, error) {
	s, verifier, err := signer(args[0], args[1])
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(args[2])
	if err != nil {
		return "", err
	}
	signed, err := note.Sign(&note.Note{Text: string(text)}, s)
	if err != nil {
		return "", err
	}
	return verifier + " ", os.WriteFile(args[3], signed, 0o644)
}

func open(args []string) (string, error) {
	verifier, err := note.NewVerifier(args[0])
	if err != nil {
		return "", err
	}
	data, err := os.ReadFile(args[1])
	if err != nil {
		return "", err
	}
	n, err := note.Open(data, note.VerifierList(verifier))
	if err != nil {
		return "", err
	}
	return words(sha256.Sum256([]byte(n.Text))), nil
}

func answer(args []string) (string, error) {
	switch args[0] {
	case "grow":
		return grow(args[1:])
	case "root", "inclusion", "consistency":
		return prove(args[0], args[1:])
	case "check-inclusion":
		return "", tlog.CheckRecord(proof(args[5:]), number(args[2]), hash(args[4]), number(args[1]), hash(args[3]))
	case "check-consistency":
		return "", tlog.CheckTree(proof(args[5:]), number(args[2]), hash(args[4]), number(args[1]), hash(args[3]))
	case "path":
		t := tlog.Tile{H: height, L: int(number(args[2])), N: number(args[3]), W: int(number(args[4]))}
		if args[1] == "entries" {
			t.L = -1
		}
		return c2sp(t.Path()) + " ", nil
	case "parse":
		return parse(args[1])
	case "sign":
		return sign(args[1:])
	case "open":
		return open(args[1:])
	}
	panic(args[0])
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		out, err := answer(strings.Split(in.Text(), " "))
		if err != nil {
			fmt.Printf("refused %s\n", strings.ReplaceAll(err.Error(), "\n", " "))
			continue
		}
		fmt.Println(out + "ok")
	}
}
