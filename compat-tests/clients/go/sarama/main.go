// sarama.
package main

import (
	"context"
	"fmt"
	"time"

	. "clients/contract"

	"github.com/IBM/sarama"
)

var codecs = map[string]sarama.CompressionCodec{
	"":       sarama.CompressionNone,
	"none":   sarama.CompressionNone,
	"gzip":   sarama.CompressionGZIP,
	"snappy": sarama.CompressionSnappy,
	"lz4":    sarama.CompressionLZ4,
	"zstd":   sarama.CompressionZSTD,
}

type how struct {
	How
	anywhere bool
}

type client struct {
	address, topic string
	producers      map[how]sarama.SyncProducer
	client         sarama.Client
	consumer       sarama.Consumer
	// The reader of one partition, and where it stands.
	reader    sarama.PartitionConsumer
	partition int32
	next      int64
	admin     sarama.ClusterAdmin
}

func main() {
	Main(func(address, topic string) Client {
		common := Got(sarama.NewClient([]string{address}, sarama.NewConfig()))
		return &client{
			address:   address,
			topic:     topic,
			producers: map[how]sarama.SyncProducer{},
			client:    common,
			consumer:  Got(sarama.NewConsumerFromClient(common)),
			admin:     Got(sarama.NewClusterAdminFromClient(common)),
		}
	})
}

func (c *client) producer(it how) sarama.SyncProducer {
	if c.producers[it] == nil {
		config := sarama.NewConfig()
		config.Producer.Return.Successes = true
		config.Producer.RequiredAcks = sarama.WaitForAll
		config.Producer.Compression = codecs[it.Codec]
		config.Producer.Flush.Frequency = 50 * time.Millisecond
		config.Producer.Idempotent = it.Idempotent
		if it.Idempotent {
			config.Net.MaxOpenRequests = 1
		}
		if !it.anywhere {
			config.Producer.Partitioner = sarama.NewManualPartitioner
		}
		c.producers[it] = Got(sarama.NewSyncProducer([]string{c.address}, config))
	}
	return c.producers[it]
}

func (c *client) Send(partition int32, records []Record, with How) {
	var sent []*sarama.ProducerMessage
	for _, it := range records {
		message := &sarama.ProducerMessage{Topic: c.topic, Partition: partition}
		if it.Key != nil {
			message.Key = sarama.ByteEncoder(it.Key)
		}
		if it.Value != nil {
			message.Value = sarama.ByteEncoder(it.Value)
		}
		for _, header := range it.Headers {
			message.Headers = append(message.Headers, sarama.RecordHeader{Key: []byte(header.Key), Value: header.Value})
		}
		if it.Timestamp != 0 {
			message.Timestamp = time.UnixMilli(it.Timestamp)
		}
		sent = append(sent, message)
	}
	Must(c.producer(how{with, partition == Anywhere}).SendMessages(sent))
}

func (c *client) Read(partition int32, offset int64, count int) []Record {
	if c.reader == nil || c.partition != partition || c.next != offset {
		if c.reader != nil {
			Must(c.reader.Close())
		}
		c.reader = Got(c.consumer.ConsumePartition(c.topic, partition, offset))
		c.partition = partition
	}
	var seen []Record
	end := time.After(Patience)
	for len(seen) < count {
		select {
		case it := <-c.reader.Messages():
			record := Record{Key: it.Key, Value: it.Value, Timestamp: it.Timestamp.UnixMilli(), Offset: it.Offset}
			for _, header := range it.Headers {
				record.Headers = append(record.Headers, Header{Key: string(header.Key), Value: header.Value})
			}
			seen = append(seen, record)
		case <-end:
			panic(fmt.Sprintf("%d of %d records after %v", len(seen), count, Patience))
		}
	}
	c.next = seen[count-1].Offset + 1
	return seen
}

func (c *client) Ends(partition int32) (int64, int64) {
	low := Got(c.client.GetOffset(c.topic, partition, sarama.OffsetOldest))
	return low, Got(c.client.GetOffset(c.topic, partition, sarama.OffsetNewest))
}

func (c *client) OffsetAt(partition int32, time int64) int64 {
	return Got(c.client.GetOffset(c.topic, partition, time))
}

func (c *client) Create(topic string, partitions int, configs map[string]string) {
	entries := map[string]*string{}
	for key, value := range configs {
		entries[key] = &value
	}
	detail := sarama.TopicDetail{NumPartitions: int32(partitions), ReplicationFactor: 1, ConfigEntries: entries}
	Must(c.admin.CreateTopic(topic, &detail, false))
}

func (c *client) Partitions(topic string) int {
	return int(Got(c.admin.ListTopics())[topic].NumPartitions)
}

func (c *client) Config(topic, key string) string {
	resource := sarama.ConfigResource{Type: sarama.TopicResource, Name: topic, ConfigNames: []string{key}}
	return Got(c.admin.DescribeConfig(resource))[0].Value
}

func (c *client) Alter(topic, key, value string) {
	entry := sarama.IncrementalAlterConfigsEntry{Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &value}
	entries := map[string]sarama.IncrementalAlterConfigsEntry{key: entry}
	Must(c.admin.IncrementalAlterConfig(sarama.TopicResource, topic, entries, false))
}

func (c *client) Grow(topic string, partitions int) {
	Must(c.admin.CreatePartitions(topic, int32(partitions), nil, false))
}

func (c *client) Drop(topic string) {
	Must(c.admin.DeleteTopic(topic))
}

func (c *client) Group(_ string, told context.Context) {
	config := sarama.NewConfig()
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = false
	config.Consumer.Group.Heartbeat.Interval = 300 * time.Millisecond
	member := Got(sarama.NewConsumerGroup([]string{c.address}, c.topic, config))
	for told.Err() == nil {
		// It returns at each rebalance, and wants to be called again.
		Must(member.Consume(told, []string{c.topic}, handler{}))
	}
	Must(member.Close())
}

type handler struct{}

func (handler) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (handler) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (handler) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for it := range claim.Messages() {
		Say(it.Partition, it.Offset, it.Value)
		session.MarkMessage(it, "")
		session.Commit()
	}
	return nil
}

func (c *client) Close() {
	for _, producer := range c.producers {
		Must(producer.Close())
	}
	if c.reader != nil {
		Must(c.reader.Close())
	}
	Must(c.consumer.Close())
	Must(c.client.Close())
}
