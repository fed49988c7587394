namespace Fabric.Virtio.Tests;

/// <summary>A device without a thread: it serves when the test says so, and copies what it may read to what it may write.</summary>
internal sealed class LoopbackDevice(int queueSize = 256, int queues = 1)
    : VirtioDevice(VirtioDeviceType.Entropy, 1UL << 5, Enumerable.Repeat(queueSize, queues).ToArray(), 16)
{
    internal int Notifications { get; private set; }

    internal int ActivatedTimes { get; private set; }

    internal int ResetTimes { get; private set; }

    internal List<int> Lengths { get; } = [];

    /// <summary>Serves up to a number of chains and publishes once.</summary>
    internal int Serve(int limit = int.MaxValue, int index = 0)
    {
        SplitQueue queue = Queues[index];
        lock (queue.Gate)
        {
            int served = 0;
            queue.BeginBurst();
            while (served < limit && queue.TryPop(out DescriptorChain chain))
            {
                Lengths.Add(chain.Readable.Length + chain.Writable.Length);
                byte[] bytes = new byte[chain.ReadableLength];
                Assert.True(chain.TryTakeReadable(bytes));
                queue.AddUsed(chain.Head, (uint)chain.Write(bytes));
                queue.BeginBurst();
                served++;
            }

            PublishLocked(queue);
            return served;
        }
    }

    internal bool Arm()
    {
        lock (Queues[0].Gate)
            return Queues[0].TryArm();
    }

    internal void Change(byte value) => ChangeConfig(0, [value]);

    internal void Disarm()
    {
        lock (Queues[0].Gate)
            Queues[0].Disarm();
    }

    protected override void OnNotify(int index) => Notifications++;

    protected override void OnActivate() => ActivatedTimes++;

    protected override void OnReset() => ResetTimes++;
}
