namespace Fabric.Virtio;

/// <summary>A source of random bytes for the guest (virtio 1.2, section 5.4).</summary>
public sealed class EntropyDevice : VirtioDevice
{
    /// <summary>Most bytes given to one request; 5.4.6.1 lets the device fill less than it was offered.</summary>
    public const int MaxPerRequest = 64 * 1024;

    private readonly Action<Span<byte>> _fill;
    private readonly DeviceThread _thread;

    /// <summary>A source that draws on a generator.</summary>
    /// <param name="fill">Fills a span with random bytes; called on the device's thread, with spans of guest memory. For a real guest
    /// <see cref="System.Security.Cryptography.RandomNumberGenerator.Fill"/>.</param>
    /// <param name="name">Name for the device's thread.</param>
    public EntropyDevice(Action<Span<byte>> fill, string name = "rng")
        : base(VirtioDeviceType.Entropy, 0, [64], 0)
    {
        ArgumentNullException.ThrowIfNull(fill);
        _fill = fill;
        _thread = new DeviceThread(name, Serve);
    }

    /// <inheritdoc/>
    protected override void OnNotify(int index) => _thread.Wake();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _thread.Dispose();
    }

    private void Serve()
    {
        SplitQueue queue = Queues[0];
        lock (queue.Gate)
        {
            do
            {
                queue.Disarm();
                queue.BeginBurst();
                while (queue.TryPop(out DescriptorChain chain))
                {
                    queue.AddUsed(chain.Head, Fill(chain.Writable));
                    queue.BeginBurst();
                }

                PublishLocked(queue);
            }
            while (!queue.TryArm());
        }
    }

    private uint Fill(ReadOnlySpan<QueueBuffer> buffers)
    {
        int filled = 0;
        foreach (QueueBuffer buffer in buffers)
        {
            int count = Math.Min(buffer.Length, MaxPerRequest - filled);
            _fill(buffer.Span[..count]);
            filled += count;
        }

        return (uint)filled;
    }
}
