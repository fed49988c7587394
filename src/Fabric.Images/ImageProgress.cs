namespace Fabric.Images;

/// <summary>How far a pull is.</summary>
/// <param name="Stage">What is being done, as in <c>downloading 41 packages</c>.</param>
/// <param name="Bytes">Bytes downloaded so far, those of an interrupted pull included; 0 in stages that download nothing.</param>
/// <param name="TotalBytes">Bytes to download in all; 0 when not known.</param>
/// <param name="BytesPerSecond">Rate of the last seconds.</param>
public readonly record struct ImageProgress(string Stage, long Bytes, long TotalBytes, double BytesPerSecond);
