// Xmod prints what golang.org/x/mod makes of the lines of its input, fields with tabs between them; one line each.
//
//	xmod modfile   KIND FILE: the file as a JSON object; KIND is main, dependency or work
//	xmod zip       FILE PATH VERSION: the module zip's h1: hash where zip.CheckZip accepts it
//	xmod funcs     FILE: "LINE.COLUMN,LINE.COLUMN " for each function that it declares with a body; "error" where it
//	               cannot be parsed
//	xmod text      A B, in hexadecimal: what the functions on versions and paths answer, a JSON list
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/version"
	"os"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/zip"
)

type result struct {
	OK         bool        `json:"ok"`
	HasModule  bool        `json:"has_module"`
	Module     string      `json:"module"`
	Deprecated string      `json:"deprecated"`
	Go         string      `json:"go"`
	Toolchain  string      `json:"toolchain"`
	Require    [][3]string `json:"require"`
	Exclude    [][2]string `json:"exclude"`
	Replace    [][4]string `json:"replace"`
	Retract    [][3]string `json:"retract"`
	Godebug    [][2]string `json:"godebug"`
	Tool       []string    `json:"tool"`
	Ignore     []string    `json:"ignore"`
	Use        []string    `json:"use"`
}

func fromFile(f *modfile.File) result {
	r := result{OK: true}
	if f.Module != nil {
		r.HasModule, r.Module, r.Deprecated = true, f.Module.Mod.Path, f.Module.Deprecated
	}
	if f.Go != nil {
		r.Go = f.Go.Version
	}
	if f.Toolchain != nil {
		r.Toolchain = f.Toolchain.Name
	}
	for _, x := range f.Require {
		indirect := ""
		if x.Indirect {
			indirect = "indirect"
		}
		r.Require = append(r.Require, [3]string{x.Mod.Path, x.Mod.Version, indirect})
	}
	for _, x := range f.Exclude {
		r.Exclude = append(r.Exclude, [2]string{x.Mod.Path, x.Mod.Version})
	}
	for _, x := range f.Retract {
		r.Retract = append(r.Retract, [3]string{x.Low, x.High, x.Rationale})
	}
	for _, x := range f.Tool {
		r.Tool = append(r.Tool, x.Path)
	}
	for _, x := range f.Ignore {
		r.Ignore = append(r.Ignore, x.Path)
	}
	r.addCommon(f.Replace, f.Godebug)
	return r
}

func fromWork(f *modfile.WorkFile) result {
	r := result{OK: true}
	if f.Go != nil {
		r.Go = f.Go.Version
	}
	if f.Toolchain != nil {
		r.Toolchain = f.Toolchain.Name
	}
	for _, x := range f.Use {
		r.Use = append(r.Use, x.Path)
	}
	r.addCommon(f.Replace, f.Godebug)
	return r
}

func (r *result) addCommon(replace []*modfile.Replace, godebug []*modfile.Godebug) {
	for _, x := range replace {
		r.Replace = append(r.Replace, [4]string{x.Old.Path, x.Old.Version, x.New.Path, x.New.Version})
	}
	for _, x := range godebug {
		r.Godebug = append(r.Godebug, [2]string{x.Key, x.Value})
	}
}

func read(kind, file string) result {
	data, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	switch kind {
	case "work":
		if f, err := modfile.ParseWork(file, data, nil); err == nil {
			return fromWork(f)
		}
	case "main":
		if f, err := modfile.Parse(file, data, nil); err == nil {
			return fromFile(f)
		}
	default:
		if f, err := modfile.ParseLax(file, data, nil); err == nil {
			return fromFile(f)
		}
	}
	return result{}
}

func hashZip(file, path, version string) string {
	if _, err := zip.CheckZip(module.Version{Path: path, Version: version}, file); err != nil {
		return "error: " + strings.ReplaceAll(err.Error(), "\n", " ")
	}
	h, err := dirhash.HashZip(file, dirhash.Hash1)
	if err != nil {
		return "error: " + err.Error()
	}
	return h
}

func funcs(file string) string {
	fset, out := token.NewFileSet(), ""
	parsed, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
	if err != nil {
		return "error"
	}
	for _, decl := range parsed.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Body != nil {
			start, end := fset.PositionFor(f.Pos(), false), fset.PositionFor(f.End(), false)
			out += fmt.Sprintf("%d.%d,%d.%d ", start.Line, start.Column, end.Line, end.Column)
		}
	}
	return out
}

func orEmpty(s string, err error) string {
	if err != nil {
		return ""
	}
	return s
}

func text(a, b string) []any {
	prefix, major, ok := module.SplitPathVersion(a)
	var seconds int64
	rev := ""
	if t, err := module.PseudoVersionTime(a); err == nil {
		seconds = t.Unix()
		rev, _ = module.PseudoVersionRev(a)
	}
	return []any{
		semver.Compare(a, b), module.CanonicalVersion(a), module.IsPseudoVersion(a), seconds, rev,
		module.CheckPath(a) == nil, module.CheckImportPath(a) == nil, module.CheckFilePath(a) == nil,
		module.Check(a, b) == nil, prefix, major, ok,
		orEmpty(module.EscapePath(a)), orEmpty(module.EscapeVersion(a)),
		orEmpty(module.UnescapePath(a)), orEmpty(module.UnescapeVersion(a)),
		version.Compare(a, b), version.Lang(a), version.IsValid(a), modfile.IsDirectoryPath(a),
	}
}

func unhex(s string) string {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func main() {
	in, out := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	for in.Scan() {
		var err error
		field := append(strings.Split(in.Text(), "\t"), "", "")
		switch os.Args[1] {
		case "modfile":
			err = out.Encode(read(field[0], field[1]))
		case "funcs":
			_, err = fmt.Println(funcs(field[0]))
		case "text":
			err = out.Encode(text(unhex(field[0]), unhex(field[1])))
		default:
			_, err = fmt.Println(hashZip(field[0], field[1], field[2]))
		}
		if err != nil {
			panic(err)
		}
	}
}
