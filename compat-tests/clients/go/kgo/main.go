// kgo, the client of franz-go.
package main

import (
	"context"
	"time"

	. "clients/contract"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

var codecs = map[string]kgo.CompressionCodec{
	"":       kgo.NoCompression(),
	"none":   kgo.NoCompression(),
	"gzip":   kgo.GzipCompression(),
	"snappy": kgo.SnappyCompression(),
	"lz4":    kgo.Lz4Compression(),
	"zstd":   kgo.ZstdCompression(),
}

type how struct {
	How
	anywhere bool
}

type client struct {
	address, topic string
	context        context.Context
	producers      map[how]*kgo.Client
	// The reader of one partition, where it stands, and what it has read beyond.
	reader    *kgo.Client
	partition int32
	next      int64
	ahead     []*kgo.Record
	admin     *kadm.Client
}

func main() {
	Main(func(address, topic string) Client {
		within, _ := context.WithTimeout(context.Background(), 2*Patience)
		admin := kadm.NewClient(Got(kgo.NewClient(kgo.SeedBrokers(address), kgo.MetadataMinAge(100*time.Millisecond))))
		return &client{address: address, topic: topic, context: within, producers: map[how]*kgo.Client{}, admin: admin}
	})
}

func (c *client) producer(it how) *kgo.Client {
	if c.producers[it] == nil {
		options := []kgo.Opt{
			kgo.SeedBrokers(c.address),
			kgo.DefaultProduceTopic(c.topic),
			kgo.ProducerBatchCompression(codecs[it.Codec]),
			kgo.ProducerLinger(50 * time.Millisecond),
		}
		if !it.anywhere {
			options = append(options, kgo.RecordPartitioner(kgo.ManualPartitioner()))
		}
		if !it.Idempotent {
			options = append(options, kgo.DisableIdempotentWrite())
		}
		c.producers[it] = Got(kgo.NewClient(options...))
	}
	return c.producers[it]
}

func (c *client) Send(partition int32, records []Record, with How) {
	var sent []*kgo.Record
	for _, it := range records {
		record := &kgo.Record{Key: it.Key, Value: it.Value, Partition: partition}
		for _, header := range it.Headers {
			record.Headers = append(record.Headers, kgo.RecordHeader{Key: header.Key, Value: header.Value})
		}
		if it.Timestamp != 0 {
			record.Timestamp = time.UnixMilli(it.Timestamp)
		}
		sent = append(sent, record)
	}
	Must(c.producer(how{with, partition == Anywhere}).ProduceSync(c.context, sent...).FirstErr())
}

func (c *client) Read(partition int32, offset int64, count int) []Record {
	if c.reader == nil || c.partition != partition || c.next != offset {
		if c.reader != nil {
			c.reader.Close()
		}
		from := map[string]map[int32]kgo.Offset{c.topic: {partition: kgo.NewOffset().At(offset)}}
		c.reader = Got(kgo.NewClient(kgo.SeedBrokers(c.address), kgo.ConsumePartitions(from)))
		c.partition, c.ahead = partition, nil
	}
	for len(c.ahead) < count {
		fetches := c.reader.PollFetches(c.context)
		Must(fetches.Err())
		c.ahead = append(c.ahead, fetches.Records()...)
	}
	var seen []Record
	for _, it := range c.ahead[:count] {
		record := Record{Key: it.Key, Value: it.Value, Timestamp: it.Timestamp.UnixMilli(), Offset: it.Offset}
		for _, header := range it.Headers {
			record.Headers = append(record.Headers, Header{Key: header.Key, Value: header.Value})
		}
		seen = append(seen, record)
	}
	c.ahead, c.next = c.ahead[count:], seen[count-1].Offset+1
	return seen
}

func (c *client) Ends(partition int32) (int64, int64) {
	low, _ := Got(c.admin.ListStartOffsets(c.context, c.topic)).Lookup(c.topic, partition)
	high, _ := Got(c.admin.ListEndOffsets(c.context, c.topic)).Lookup(c.topic, partition)
	return low.Offset, high.Offset
}

func (c *client) OffsetAt(partition int32, time int64) int64 {
	found, _ := Got(c.admin.ListOffsetsAfterMilli(c.context, time, c.topic)).Lookup(c.topic, partition)
	Must(found.Err)
	// Where there is none it gives the end, without a time.
	if found.Timestamp < 0 {
		return -1
	}
	return found.Offset
}

func (c *client) Create(topic string, partitions int, configs map[string]string) {
	values := map[string]*string{}
	for key, value := range configs {
		values[key] = &value
	}
	Must(Got(c.admin.CreateTopic(c.context, int32(partitions), 1, values, topic)).Err)
}

func (c *client) Partitions(topic string) int {
	return len(Got(c.admin.ListTopics(c.context, topic))[topic].Partitions)
}

func (c *client) Config(topic, key string) string {
	described := Got(Got(c.admin.DescribeTopicConfigs(c.context, topic)).On(topic, nil))
	for _, it := range described.Configs {
		if it.Key == key {
			return *it.Value
		}
	}
	return ""
}

func (c *client) Alter(topic, key, value string) {
	change := kadm.AlterConfig{Op: kadm.SetConfig, Name: key, Value: &value}
	for _, it := range Got(c.admin.AlterTopicConfigs(c.context, []kadm.AlterConfig{change}, topic)) {
		Must(it.Err)
	}
}

func (c *client) Grow(topic string, partitions int) {
	Must(Got(c.admin.UpdatePartitions(c.context, partitions, topic)).Error())
}

func (c *client) Drop(topic string) {
	Must(Got(c.admin.DeleteTopic(c.context, topic)).Err)
}

func (c *client) Group(protocol string, told context.Context) {
	options := []kgo.Opt{
		kgo.SeedBrokers(c.address),
		kgo.ConsumerGroup(c.topic),
		kgo.ConsumeTopics(c.topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(),
		kgo.HeartbeatInterval(300 * time.Millisecond),
	}
	if protocol == "consumer" {
		options = append(options, kgo.ServerSideBalancer(), kgo.Balancers(kgo.RangeBalancer()))
	}
	member := Got(kgo.NewClient(options...))
	for told.Err() == nil {
		fetches := member.PollFetches(told)
		fetches.EachRecord(func(it *kgo.Record) { Say(it.Partition, it.Offset, it.Value) })
		// Where a rebalance comes between, who has the partition now reads it again.
		_ = member.CommitUncommittedOffsets(context.Background())
	}
	member.Close()
}

func (c *client) Close() {
	for _, producer := range c.producers {
		producer.Close()
	}
	if c.reader != nil {
		c.reader.Close()
	}
	c.admin.Close()
}
