namespace Fabric.Link;

/// <summary>Wakes a worker that went to sleep after it armed its ports.</summary>
public interface IWaker
{
    /// <summary>Makes the worker poll again. Any thread; cheap when it is awake; never blocks.</summary>
    void Wake();
}
