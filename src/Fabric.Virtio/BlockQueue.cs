using System.Runtime.CompilerServices;
using Fabric.Disk;
using Fabric.Disk.Engine;

namespace Fabric.Virtio;

/// <summary>Serves one request queue of a block device on a thread of its own: pop, parse, execute, add used; one interrupt at the
/// end of each burst.</summary>
/// <remarks>What the host has cached is answered in place. A cold read, a flush and whatever else waits for the host's device goes to the
/// disk workers as a <see cref="BlockJob"/> and is answered from there, under the queue's gate, when it is done: later requests do
/// not wait for it. Stopping the queue waits for its jobs.</remarks>
internal sealed class BlockQueue : IDisposable
{
    // Requests answered before the driver is told, when more are waiting: it can prepare the next ones meanwhile.
    private const int Burst = 16;

    // A driver may make the same chain available again and again; it does not get more jobs for it than an honest one.
    private const int MaxJobs = 256;

    private readonly BlockDevice _device;
    private readonly SplitQueue _queue;
    private readonly BlockRequestParser _parser;
    private readonly BlockExecutor _executor;
    private readonly DiskWorkers _workers;
    private readonly DeviceThread _thread;
    private readonly Stack<BlockJob> _free = new();
    private int _jobs;
    private bool _isFull;

    internal BlockQueue(BlockDevice device, SplitQueue queue, DiskWorkers workers, long sectors, string name)
    {
        _device = device;
        _queue = queue;
        _workers = workers;
        _parser = new BlockRequestParser(sectors, device.OfferedFeatures);
        _executor = new BlockExecutor(device);
        _thread = new DeviceThread(name, Serve);
    }

    internal void Wake() => _thread.Wake();

    public void Dispose() => _thread.Dispose();

    /// <summary>Answers a job's request. On the worker's thread.</summary>
    internal void Finish(BlockJob job, DiskStatus status, uint written)
    {
        bool wake;
        lock (_queue.Gate)
        {
            Answer(job.Head, job.StatusByte.Span, Map(status, job.Type, job.Length), written, job.HasWritable);
            _device.PublishBurst(_queue);
            _jobs--;
            _free.Push(job);
            wake = _isFull;
            _isFull = false;
            _queue.Release();
        }

        if (wake)
            _thread.Wake();
    }

    private void Serve()
    {
        lock (_queue.Gate)
        {
            do
            {
                _queue.Disarm();
                int answered = 0;
                while (TryServeOne())
                {
                    if (++answered % Burst == 0)
                        _device.PublishBurst(_queue);
                }

                _device.PublishBurst(_queue);
            }
            while (!_isFull && !_queue.TryArm());
        }
    }

    private bool TryServeOne()
    {
        // The job that ends next wakes the thread.
        _isFull = _jobs == MaxJobs;
        if (_isFull)
            return false;
        _queue.BeginBurst();
        if (!_queue.TryPop(out DescriptorChain chain))
            return false;
        BlockRequest request = default;
        if (!_parser.TryParse(ref chain, ref request, out Span<byte> statusByte, out BlockStatus status))
            return _queue.Break(QueueFault.Request);
        uint written = 0;
        if (status != BlockStatus.Ok)
        {
            _device.Counters.AddRejected();
        }
        else
        {
            DiskStatus done = _executor.MustWait(in request) ? DiskStatus.WouldBlock : _executor.Execute(in request, DiskFlags.NoWait, out written);
            if (done == DiskStatus.WouldBlock)
            {
                HandOver(in request, in chain, statusByte);
                return true;
            }

            status = Map(done, request.Type, request.Length);
        }

        Answer(chain.Head, statusByte, status, written, chain.WritableLength != 0);
        return true;
    }

    private unsafe void HandOver(in BlockRequest request, in DescriptorChain chain, Span<byte> statusByte)
    {
        BlockJob job = _free.TryPop(out BlockJob? free) ? free : new BlockJob(this, _executor);
        // SAFETY: the byte lies in guest memory, which does not move; the queue checked it, and holds it until Release.
        QueueBuffer place = new((nint)Unsafe.AsPointer(ref statusByte[0]), 1);
        job.Fill(in request, chain.Head, place, chain.WritableLength != 0);
        _jobs++;
        _queue.Hold();
        _workers.Submit(job);
    }

    // 2.7.8.2: the length counts what was written from the front on. The status byte stands behind the data.
    private void Answer(ushort head, Span<byte> statusByte, BlockStatus status, uint written, bool hasWritable)
    {
        statusByte[0] = (byte)status;
        _queue.AddUsed(head, status == BlockStatus.Ok || !hasWritable ? written + 1 : written);
    }

    // The one place where the host's answers become the guest's.
    private BlockStatus Map(DiskStatus status, BlockRequestType type, long length)
    {
        switch (status)
        {
            case DiskStatus.Ok:
                _device.Counters.AddDone(type, length);
                return BlockStatus.Ok;
            case DiskStatus.Unsupported:
                _device.Counters.AddRejected();
                return BlockStatus.Unsupported;
            case DiskStatus.OutOfRange or DiskStatus.ReadOnly:
                _device.Counters.AddRejected();
                return BlockStatus.IoError;
            default:
                _device.Counters.AddHostError(status == DiskStatus.NoSpace);
                return BlockStatus.IoError;
        }
    }
}
