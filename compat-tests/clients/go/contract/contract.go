// Package contract has the scenarios, for every Go client alike; see ../../README.md.
package contract

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"
	"time"
)

// Patience is how long anything may take.
const Patience = 30 * time.Second

// Anywhere is for the client's default partitioner to decide.
const Anywhere = int32(-1)

type Header struct {
	Key   string
	Value []byte
}

type Record struct {
	Key, Value []byte
	Headers    []Header
	// Milliseconds since 1970; 0 is for the client to decide.
	Timestamp int64
	// Only of a record that was read.
	Offset int64
}

// How records are sent.
type How struct {
	Codec      string
	Idempotent bool
}

// NullIsEmpty is for a client whose reader does not tell the one from the other.
var NullIsEmpty = false

// Client is what a client's own file has to do; what goes wrong panics (see Must).
type Client interface {
	Send(partition int32, records []Record, how How)
	Read(partition int32, offset int64, count int) []Record
	// Ends are the first offset and the one after the last.
	Ends(partition int32) (int64, int64)
	// OffsetAt is the offset of the first record of this time or later, or -1.
	OffsetAt(partition int32, time int64) int64
	Create(topic string, partitions int, configs map[string]string)
	// Partitions are 0 where there is no such topic.
	Partitions(topic string) int
	Config(topic, key string) string
	Alter(topic, key, value string)
	Grow(topic string, partitions int)
	Drop(topic string)
	// Group is a member of the group of the topic's name until it is told to leave; each record is said, then committed.
	Group(protocol string, told context.Context)
	Close()
}

// Must panics with the error, if it is one.
func Must(err error) {
	if err != nil {
		panic(err)
	}
}

// Got is the value of a call that may not fail.
func Got[T any](value T, err error) T {
	Must(err)
	return value
}

// Main runs the scenario that the command line names.
func Main(make func(address, topic string) Client) {
	defer func() {
		if fault := recover(); fault != nil {
			fmt.Fprintf(os.Stderr, "%v\n", fault)
			os.Exit(1)
		}
	}()
	client := make(os.Args[1], os.Args[2])
	run(client, os.Args[2], os.Args[3])
	client.Close()
}

func run(client Client, topic, scenario string) {
	switch scenario {
	case "none", "gzip", "snappy", "lz4", "zstd":
		roundTrip(client, 1, numbered(0, 200), 0, How{Codec: scenario})
	case "headers":
		records := numbered(0, 10)
		for i := range records {
			records[i].Headers = []Header{
				{"a", []byte("1")}, {"b", []byte("two")}, {"bytes", []byte{0, 0xff, 0x80}}, {"empty", []byte{}},
			}
		}
		roundTrip(client, 0, records, 0, How{})
	case "nulls":
		roundTrip(client, 0, []Record{
			{Key: []byte("gone")}, {Value: []byte("value")}, {Key: []byte("empty"), Value: []byte{}},
		}, 0, How{})
	case "keys":
		keys(client)
	case "time":
		times(client)
	case "admin":
		admin(client, topic+"-made")
	case "large":
		var records []Record
		for _, letter := range []string{"a", "b", "c"} {
			records = append(records, Record{Value: []byte(strings.Repeat(letter, 990_000))})
		}
		roundTrip(client, 2, records, 0, How{})
	case "batches":
		roundTrip(client, 0, numbered(0, 10_000), 0, How{Codec: "gzip"})
		first := client.Read(0, 5003, 10)[0]
		same("an offset", int64(5003), first.Offset)
		same("from amid a batch", text(5003), first.Value)
	case "idempotent":
		roundTrip(client, 0, numbered(0, 500), 0, How{Idempotent: true})
	case "reconnect":
		roundTrip(client, 0, numbered(0, 10), 0, How{})
		wait()
		roundTrip(client, 0, numbered(10, 20), 10, How{})
	case "group":
		client.Group("classic", told())
	case "group-848":
		client.Group("consumer", told())
	default:
		panic("there is no scenario " + scenario)
	}
}

var stdin = bufio.NewReader(os.Stdin)

func wait() {
	fmt.Println("ready")
	Got(stdin.ReadString('\n'))
}

// told is over once there was a line to read.
func told() context.Context {
	told, tell := context.WithCancel(context.Background())
	go func() {
		stdin.ReadString('\n')
		tell()
	}()
	return told
}

// Say tells of a record that a member has read.
func Say(partition int32, offset int64, value []byte) {
	fmt.Printf("%d %d %s\n", partition, offset, value)
}

func text(i int) []byte {
	return []byte(fmt.Sprintf("value %d %s", i, strings.Repeat("compressible ", i%20)))
}

func numbered(from, to int) []Record {
	var records []Record
	for i := from; i < to; i++ {
		records = append(records, Record{Key: []byte(fmt.Sprintf("key-%d", i)), Value: text(i)})
	}
	return records
}

func roundTrip(client Client, partition int32, records []Record, first int64, how How) {
	client.Send(partition, records, how)
	seen := client.Read(partition, first, len(records))
	for i, expected := range records {
		it := seen[i]
		same("an offset", first+int64(i), it.Offset)
		sameBytes(fmt.Sprintf("key at %d", it.Offset), expected.Key, it.Key)
		sameBytes(fmt.Sprintf("value at %d", it.Offset), expected.Value, it.Value)
		same(fmt.Sprintf("headers at %d", it.Offset), len(expected.Headers), len(it.Headers))
		for n, header := range expected.Headers {
			same("a header's key", header.Key, it.Headers[n].Key)
			if !bytes.Equal(header.Value, it.Headers[n].Value) {
				panic(fmt.Sprintf("header %s is %v", header.Key, it.Headers[n].Value))
			}
		}
	}
}

func keys(client Client) {
	client.Send(Anywhere, numbered(0, 200), How{})
	var expected, seen []string
	for i := range 200 {
		expected = append(expected, string(text(i)))
	}
	for partition := range int32(4) {
		if low, high := client.Ends(partition); high > low {
			for _, it := range client.Read(partition, low, int(high-low)) {
				seen = append(seen, string(it.Value))
			}
		}
	}
	sort.Strings(expected)
	sort.Strings(seen)
	same("values", expected, seen)
}

func times(client Client) {
	base := time.Now().UnixMilli() - 60_000
	records := numbered(0, 3)
	for i := range records {
		records[i].Timestamp = base + 1000*int64(i)
	}
	client.Send(0, records, How{})
	var found []int64
	for _, asked := range []int64{base, base + 1, base + 2000, base + 2001} {
		found = append(found, client.OffsetAt(0, asked))
	}
	same("offsets of times", []int64{0, 1, 2, -1}, found)
	first := client.Read(0, 1, 2)[0]
	same("the offset", int64(1), first.Offset)
	same("the timestamp", base+1000, first.Timestamp)
	same("the record at the time", text(1), first.Value)
}

func admin(client Client, made string) {
	client.Create(made, 3, map[string]string{"retention.ms": "3600000"})
	eventually(3, func() int { return client.Partitions(made) })
	eventually("3600000", func() string { return client.Config(made, "retention.ms") })
	wait()
	client.Alter(made, "retention.ms", "7200000")
	eventually("7200000", func() string { return client.Config(made, "retention.ms") })
	client.Grow(made, 5)
	eventually(5, func() int { return client.Partitions(made) })
	wait()
	client.Drop(made)
	eventually(0, func() int { return client.Partitions(made) })
}

// Apache Kafka answers from an image that may be a moment old.
func eventually[T comparable](expected T, look func() T) {
	end := time.Now().Add(10 * time.Second)
	seen := look()
	for seen != expected && time.Now().Before(end) {
		time.Sleep(50 * time.Millisecond)
		seen = look()
	}
	same("what the broker says", expected, seen)
}

func same(what string, expected, seen any) {
	if !reflect.DeepEqual(expected, seen) {
		panic(fmt.Sprintf("%s: expected %.500v, saw %.500v", what, expected, seen))
	}
}

func sameBytes(what string, expected, seen []byte) {
	if !bytes.Equal(expected, seen) || !NullIsEmpty && (expected == nil) != (seen == nil) {
		panic(fmt.Sprintf("%s: expected %.500q (null: %v), saw %.500q (null: %v)", what, expected, expected == nil, seen, seen == nil))
	}
}
