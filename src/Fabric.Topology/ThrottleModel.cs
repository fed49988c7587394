namespace Fabric.Topology;

/// <summary>What a disk lets through in a second. 0 is no limit; for a burst, a tenth of a second's worth.</summary>
/// <param name="Iops">Requests a second.</param>
/// <param name="IopsBurst">Requests that may pass at once after a quiet spell.</param>
/// <param name="BytesPerSecond">Bytes read and written a second.</param>
/// <param name="BytesBurst">Bytes that may pass at once after a quiet spell.</param>
public sealed record ThrottleModel(int Iops, int IopsBurst, long BytesPerSecond, long BytesBurst);
