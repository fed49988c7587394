using System.IO.Pipelines;
using System.Runtime.InteropServices;
using Fabric.Link.Capture;

namespace Fabric.Link.Tests.Capture;

/// <summary>Two ports, a capture of them, and what a switch would tell it.</summary>
internal sealed class CaptureBench : IDisposable
{
    private readonly MemoryLink _one = new("alice.0", "far.0");
    private readonly MemoryLink _two = new("bob.0", "far.1");

    public CaptureBench(CaptureOptions? options = null, TimeProvider? time = null)
    {
        Session = new CaptureSession(options ?? new CaptureOptions(), time ?? TimeProvider.System);
    }

    public CaptureSession Session { get; }

    public IPort Alice => _one.First;

    public IPort Bob => _two.First;

    public void Observe(IPort port, FrameDirection direction, params (byte[] Bytes, FrameOffload Offload)[] frames) => Observe(port, direction, frames, [], default);

    public void Observe(IPort port, FrameDirection direction, params byte[][] frames) =>
        Observe(port, direction, [.. frames.Select(frame => (frame, default(FrameOffload)))], [], default);

    /// <summary>A burst comes in, and some of its frames are dropped by the switch.</summary>
    public unsafe void Observe(IPort port, FrameDirection direction, (byte[] Bytes, FrameOffload Offload)[] frames, int[] dropped, DropReason reason)
    {
        Frame[] burst = new Frame[frames.Length];
        GCHandle[] pins = [.. frames.Select(frame => GCHandle.Alloc(frame.Bytes, GCHandleType.Pinned))];
        for (int i = 0; i < frames.Length; i++)
            burst[i] = new Frame((byte*)pins[i].AddrOfPinnedObject(), frames[i].Bytes.Length, frames[i].Offload);
        Session.Observe(port, direction, burst);
        foreach (int i in dropped)
            Session.ObserveDrop(port, direction, in burst[i], reason);
        Array.ForEach(pins, pin => pin.Free());
    }

    public unsafe void Drop(IPort port, FrameDirection direction, byte[] frame, DropReason reason)
    {
        fixed (byte* bytes = frame)
            Session.ObserveDrop(port, direction, new Frame(bytes, frame.Length), reason);
    }

    /// <summary>Frames of all sorts, in and out and some dropped, and what a reader should find.</summary>
    public List<(string Port, FrameDirection Direction, byte[] Bytes, string? Comment)> ObserveMix(Random random, int bursts)
    {
        TrafficMix mix = new(random) { IsQuiet = true };
        List<(string, FrameDirection, byte[], string?)> expected = [];
        for (int i = 0; i < bursts; i++)
        {
            IPort port = random.Next(2) == 0 ? Alice : Bob;
            FrameDirection direction = (FrameDirection)random.Next(2);
            byte[][] frames = [.. Enumerable.Range(0, random.Next(1, 33)).Select(_ => mix.Valid())];
            int[] dropped = [.. Enumerable.Range(0, frames.Length).Where(_ => random.Next(10) == 0)];
            DropReason reason = random.Next(2) == 0 ? DropReason.SamePort : DropReason.LinkDown;
            Observe(port, direction, [.. frames.Select(frame => (frame, default(FrameOffload)))], dropped, reason);
            string words = reason == DropReason.SamePort ? "dropped: its destination is on the port it came from" : "dropped: link down";
            expected.AddRange(frames.Select((frame, n) => (port.Name, direction, frame, dropped.Contains(n) ? words : null)));
        }

        return expected;
    }

    /// <summary>Ends the capture and writes what is in it.</summary>
    public async Task<byte[]> EndAsync()
    {
        Session.End();
        return await DrainAsync();
    }

    public async Task<byte[]> DrainAsync()
    {
        using MemoryStream file = new();
        PipeWriter writer = PipeWriter.Create(file, new StreamPipeWriterOptions(leaveOpen: true));
        Assert.True(await new CaptureDrain(Session, writer).RunAsync(CancellationToken.None));
        await writer.CompleteAsync();
        return file.ToArray();
    }

    public static async Task<List<ReadBack>> ReadAsync(byte[] file)
    {
        PcapngReader reader = new(new MemoryStream(file));
        List<ReadBack> frames = [];
        while (await reader.ReadAsync(CancellationToken.None))
        {
            if (reader.TryGetFrame(out CapturedFrame frame))
                frames.Add(new ReadBack(frame.Port, frame.Stamp, frame.Direction, frame.Bytes.ToArray(), frame.Length, frame.Comment));
        }

        return frames;
    }

    public void Dispose()
    {
        Session.Dispose();
        _one.Dispose();
        _two.Dispose();
    }

    internal sealed record ReadBack(string Port, long Stamp, FrameDirection? Direction, byte[] Bytes, int Length, string? Comment);
}
