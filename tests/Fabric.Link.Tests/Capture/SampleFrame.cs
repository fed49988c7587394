namespace Fabric.Link.Tests.Capture;

/// <summary>A frame of the mix.</summary>
/// <param name="Bytes">What was captured of it.</param>
/// <param name="Length">Its whole length.</param>
internal sealed record SampleFrame(byte[] Bytes, int Length);
