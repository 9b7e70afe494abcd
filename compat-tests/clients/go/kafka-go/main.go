// kafka-go.
package main

import (
	"context"
	"time"

	. "clients/contract"

	"github.com/segmentio/kafka-go"
)

var codecs = map[string]kafka.Compression{
	"gzip":   kafka.Gzip,
	"snappy": kafka.Snappy,
	"lz4":    kafka.Lz4,
	"zstd":   kafka.Zstd,
}

type how struct {
	How
	partition int32
}

type client struct {
	address, topic string
	context        context.Context
	writers        map[how]*kafka.Writer
	reader         *kafka.Reader
	partition      int32
	client         *kafka.Client
}

func main() {
	NullIsEmpty = true
	Main(func(address, topic string) Client {
		within, _ := context.WithTimeout(context.Background(), 2*Patience)
		transport := &kafka.Transport{MetadataTTL: 200 * time.Millisecond}
		common := &kafka.Client{Addr: kafka.TCP(address), Timeout: Patience, Transport: transport}
		return &client{address: address, topic: topic, context: within, writers: map[how]*kafka.Writer{}, client: common}
	})
}

func (c *client) writer(it how) *kafka.Writer {
	if c.writers[it] == nil {
		c.writers[it] = &kafka.Writer{
			Addr:         kafka.TCP(c.address),
			Topic:        c.topic,
			RequiredAcks: kafka.RequireAll,
			Compression:  codecs[it.Codec],
			BatchSize:    10_000,
			BatchTimeout: 50 * time.Millisecond,
		}
		if it.partition != Anywhere {
			c.writers[it].Balancer = kafka.BalancerFunc(func(kafka.Message, ...int) int { return int(it.partition) })
		}
	}
	return c.writers[it]
}

func (c *client) Send(partition int32, records []Record, with How) {
	var sent []kafka.Message
	for _, it := range records {
		message := kafka.Message{Key: it.Key, Value: it.Value}
		for _, header := range it.Headers {
			message.Headers = append(message.Headers, kafka.Header{Key: header.Key, Value: header.Value})
		}
		if it.Timestamp != 0 {
			message.Time = time.UnixMilli(it.Timestamp)
		}
		sent = append(sent, message)
	}
	Must(c.writer(how{with, partition}).WriteMessages(c.context, sent...))
}

func (c *client) Read(partition int32, offset int64, count int) []Record {
	if c.reader != nil && c.partition != partition {
		Must(c.reader.Close())
		c.reader = nil
	}
	if c.reader == nil {
		config := kafka.ReaderConfig{
			Brokers:   []string{c.address},
			Topic:     c.topic,
			Partition: int(partition),
			MaxBytes:  10_000_000,
			// It waits so long for each fetch before it sees that it should stop.
			MaxWait: 200 * time.Millisecond,
		}
		c.reader, c.partition = kafka.NewReader(config), partition
	}
	if c.reader.Offset() != offset {
		Must(c.reader.SetOffset(offset))
	}
	var seen []Record
	for len(seen) < count {
		it := Got(c.reader.ReadMessage(c.context))
		record := Record{Key: it.Key, Value: it.Value, Timestamp: it.Time.UnixMilli(), Offset: it.Offset}
		for _, header := range it.Headers {
			record.Headers = append(record.Headers, Header{Key: header.Key, Value: header.Value})
		}
		seen = append(seen, record)
	}
	return seen
}

func (c *client) offsets(requests ...kafka.OffsetRequest) kafka.PartitionOffsets {
	request := kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{c.topic: requests}}
	found := Got(c.client.ListOffsets(c.context, &request)).Topics[c.topic][0]
	Must(found.Error)
	return found
}

func (c *client) Ends(partition int32) (int64, int64) {
	found := c.offsets(kafka.FirstOffsetOf(int(partition)), kafka.LastOffsetOf(int(partition)))
	return found.FirstOffset, found.LastOffset
}

func (c *client) OffsetAt(partition int32, at int64) int64 {
	for offset := range c.offsets(kafka.TimeOffsetOf(int(partition), time.UnixMilli(at))).Offsets {
		return offset
	}
	return -1
}

func (c *client) Create(topic string, partitions int, configs map[string]string) {
	config := kafka.TopicConfig{Topic: topic, NumPartitions: partitions, ReplicationFactor: 1}
	for key, value := range configs {
		config.ConfigEntries = append(config.ConfigEntries, kafka.ConfigEntry{ConfigName: key, ConfigValue: value})
	}
	request := kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{config}}
	Must(Got(c.client.CreateTopics(c.context, &request)).Errors[topic])
}

func (c *client) Partitions(topic string) int {
	for _, it := range Got(c.client.Metadata(c.context, &kafka.MetadataRequest{})).Topics {
		if it.Name == topic {
			return len(it.Partitions)
		}
	}
	return 0
}

func (c *client) Config(topic, key string) string {
	resource := kafka.DescribeConfigRequestResource{ResourceType: kafka.ResourceTypeTopic, ResourceName: topic}
	request := kafka.DescribeConfigsRequest{Resources: []kafka.DescribeConfigRequestResource{resource}}
	for _, it := range Got(c.client.DescribeConfigs(c.context, &request)).Resources[0].ConfigEntries {
		if it.ConfigName == key {
			return it.ConfigValue
		}
	}
	return ""
}

func (c *client) Alter(topic, key, value string) {
	change := kafka.IncrementalAlterConfigsRequestConfig{Name: key, Value: value, ConfigOperation: kafka.ConfigOperationSet}
	resource := kafka.IncrementalAlterConfigsRequestResource{
		ResourceType: kafka.ResourceTypeTopic,
		ResourceName: topic,
		Configs:      []kafka.IncrementalAlterConfigsRequestConfig{change},
	}
	request := kafka.IncrementalAlterConfigsRequest{Resources: []kafka.IncrementalAlterConfigsRequestResource{resource}}
	Must(Got(c.client.IncrementalAlterConfigs(c.context, &request)).Resources[0].Error)
}

func (c *client) Grow(topic string, partitions int) {
	wanted := kafka.TopicPartitionsConfig{Name: topic, Count: int32(partitions)}
	request := kafka.CreatePartitionsRequest{Topics: []kafka.TopicPartitionsConfig{wanted}}
	Must(Got(c.client.CreatePartitions(c.context, &request)).Errors[topic])
}

func (c *client) Drop(topic string) {
	request := kafka.DeleteTopicsRequest{Topics: []string{topic}}
	Must(Got(c.client.DeleteTopics(c.context, &request)).Errors[topic])
}

func (c *client) Group(_ string, told context.Context) {
	member := kafka.NewReader(kafka.ReaderConfig{
		Brokers:           []string{c.address},
		GroupID:           c.topic,
		Topic:             c.topic,
		StartOffset:       kafka.FirstOffset,
		HeartbeatInterval: 300 * time.Millisecond,
		JoinGroupBackoff:  300 * time.Millisecond,
		MaxBytes:          10_000_000,
		MaxWait:           200 * time.Millisecond,
	})
	for {
		it, err := member.FetchMessage(told)
		if told.Err() != nil {
			break
		}
		Must(err)
		Say(int32(it.Partition), it.Offset, it.Value)
		// Where a rebalance comes between, who has the partition now reads it again.
		_ = member.CommitMessages(context.Background(), it)
	}
	Must(member.Close())
}

func (c *client) Close() {
	for _, writer := range c.writers {
		Must(writer.Close())
	}
	if c.reader != nil {
		Must(c.reader.Close())
	}
}
