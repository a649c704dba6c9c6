// Outside verifies a ledger with the code of Go's checksum database, golang.org/x/mod/sumdb, and nothing of ours.
//
//	outside log URL VKEY [OLD-CHECKPOINT]    a folder behind a static file server: every entry, and what was signed before
//	outside proof PROOF ENTRY VKEY           files: a tlog-proof, and the entry that it is about
package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

func main() {
	said, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(said)
}

func run(args []string) (string, error) {
	switch {
	case len(args) >= 3 && args[0] == "log":
		return verifyLog(args[1], args[2], args[3:])
	case len(args) == 4 && args[0] == "proof":
		return verifyProof(args[1], args[2], args[3])
	}
	return "", errors.New("usage: outside log URL VKEY [OLD-CHECKPOINT] | proof PROOF ENTRY VKEY")
}

// openCheckpoint gives the size and the root that the key signed. The package reads trees of its own database only, so
// that the origin, which is verified, gives way to that of the database.
func openCheckpoint(signed []byte, vkey string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	origin, rest, _ := strings.Cut(opened.Text, "\n")
	if origin != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("checkpoint of %s", origin)
	}
	return tlog.ParseTree([]byte("go.sum database tree\n" + rest))
}

func verifyLog(url, vkey string, old []string) (string, error) {
	signed, err := get(url + "/checkpoint")
	if err != nil {
		return "", err
	}
	tree, err := openCheckpoint(signed, vkey)
	if err != nil {
		return "", err
	}
	hashes := tlog.TileHashReader(tree, server(url))
	for n := int64(0); n < tree.N; n += 1 << height {
		if err := verifyBundle(url, tree, hashes, n); err != nil {
			return "", err
		}
	}
	for _, path := range old {
		if err := verifyOlder(path, vkey, tree, hashes); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d entries, consistent with %d checkpoints", tree.N, len(old)), nil
}

// verifyBundle checks each entry of one bundle by a proof of its own.
func verifyBundle(url string, tree tlog.Tree, hashes tlog.HashReader, first int64) error {
	width := min(tree.N-first, 1<<height)
	tile := tlog.Tile{H: height, L: -1, N: first >> height, W: int(width)}
	data, err := get(url + "/" + place(tile))
	if err != nil {
		return err
	}
	for n := first; n < first+width; n++ {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			return fmt.Errorf("entry %d is cut off", n)
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		proof, err := tlog.ProveRecord(tree.N, n, hashes)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, n, tlog.RecordHash(data[2:end])); err != nil {
			return fmt.Errorf("entry %d: %w", n, err)
		}
		data = data[end:]
	}
	if len(data) != 0 {
		return fmt.Errorf("bytes behind entry %d", first+width-1)
	}
	return nil
}

func verifyOlder(path, vkey string, tree tlog.Tree, hashes tlog.HashReader) error {
	signed, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	older, err := openCheckpoint(signed, vkey)
	if err != nil {
		return err
	}
	proof, err := tlog.ProveTree(tree.N, older.N, hashes)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, tree.N, tree.Hash, older.N, older.Hash)
}

func verifyProof(path, entryPath, vkey string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	entry, err := os.ReadFile(entryPath)
	if err != nil {
		return "", err
	}
	head, signed, _ := strings.Cut(string(data), "\n\n")
	lines := strings.Split(head, "\n")
	if len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return "", errors.New("no tlog-proof")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return "", err
	}
	var proof tlog.RecordProof
	for _, line := range lines[2:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return "", err
		}
		proof = append(proof, hash)
	}
	tree, err := openCheckpoint([]byte(signed), vkey)
	if err != nil {
		return "", err
	}
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
		return "", err
	}
	return fmt.Sprintf("entry %d of %d", index, tree.N), nil
}

// server reads tiles from a static file server.
type server string

func (s server) Height() int { return height }

func (s server) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var read [][]byte
	for _, tile := range tiles {
		data, err := get(string(s) + "/" + place(tile))
		if err != nil {
			return nil, err
		}
		read = append(read, data)
	}
	return read, nil
}

func (s server) SaveTiles([]tlog.Tile, [][]byte) {}

// place is the path of a tile in tlog-tiles, which differs from that of the checksum database by what is cut off here.
func place(tile tlog.Tile) string {
	path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
	return strings.Replace(path, "tile/data/", "tile/entries/", 1)
}

// get asks a static file server for a file. HTTP/1.0 is enough for that, and compiles in a fraction of the time of net/http.
func get(url string) ([]byte, error) {
	host, path, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
	connection, err := net.Dial("tcp", host)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	if _, err := fmt.Fprintf(connection, "GET /%s HTTP/1.0\r\n\r\n", path); err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(connection)
	if err != nil {
		return nil, err
	}
	head, body, _ := bytes.Cut(answer, []byte("\r\n\r\n"))
	if status := strings.Fields(string(head)); len(status) < 2 || status[1] != "200" {
		return nil, fmt.Errorf("%s is not there", url)
	}
	return body, nil
}
